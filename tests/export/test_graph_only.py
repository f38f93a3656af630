import pytest
import torch

from prunekit.errors import ExportError
from prunekit.export import export as room
from prunekit.export.export import write_export
from prunekit.export.manifest import Manifest
from prunekit.export.pt2 import read_pt2
from prunekit.graph.rewrite import GraphNetwork
from prunekit.records import Check, Mode
from tests.export.conftest import cut, make_task


def test_what_only_the_graph_can_lose_is_exported_as_a_program(exports):
    files = set(Manifest.read(exports["graph"]).files)
    assert files == {"recipe.json", "reference.safetensors", "attention.pt2"}


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_program_is_the_graph_that_was_measured(exports, batch):
    task = make_task("attention")
    _, _, pruned, _ = cut(task, Mode.CHANNELS, whole=True)
    assert isinstance(pruned.model, GraphNetwork)
    inputs = torch.randn(batch, 3, 8, 8)
    with torch.no_grad():
        wanted = pruned.model(inputs)
        torch.testing.assert_close(read_pt2(exports["graph"] / "attention.pt2")(inputs), wanted, rtol=0, atol=1e-6)


def test_the_missing_checkpoint_is_explained_and_no_program_is_no_export(tmp_path, monkeypatch):
    task = make_task("attention")
    answer = cut(task, Mode.CHANNELS, whole=True)
    monkeypatch.setattr(room, "write_pt2", lambda *_: (tmp_path / "a" / "attention.pt2").touch())
    (check,) = (step for step in write_export(task, *answer, tmp_path / "a") if isinstance(step, Check))
    assert (check.name, check.ok) == ("own class", False)
    assert "cannot lose units of 'qkv'" in check.detail
    monkeypatch.setattr(room, "write_pt2", _fails)
    with pytest.raises(ExportError, match="no such program"):
        list(write_export(task, *answer, tmp_path / "b"))


def _fails(*_):
    raise ExportError("There is no such program.")
