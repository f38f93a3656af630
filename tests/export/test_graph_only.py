from dataclasses import replace

import pytest
import torch

from prunekit.errors import ExportError
from prunekit.export.formats import FORMATS
from prunekit.export.formats.pt2 import read_pt2
from prunekit.export.manifest import Manifest
from prunekit.export.measured import Measured
from prunekit.export.writing import write_export
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
    answer = Measured(task, *cut(task, Mode.CHANNELS, whole=True))
    monkeypatch.setitem(FORMATS, "pt2", replace(FORMATS["pt2"], write=lambda _, path: path.touch()))
    (check,) = (step for step in write_export(answer, tmp_path / "a") if isinstance(step, Check))
    assert (check.name, check.ok) == ("checkpoint", False)
    assert "cannot lose units of 'qkv'" in check.detail
    monkeypatch.setitem(FORMATS, "pt2", replace(FORMATS["pt2"], write=_fails))
    with pytest.raises(ExportError, match="no such program"):
        list(write_export(answer, tmp_path / "b"))


def _fails(*_):
    raise ExportError("There is no such program.")
