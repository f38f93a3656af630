import json
import zipfile
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from prunekit.errors import CheckpointError, ExportError
from prunekit.export.formats.pt2 import read_pt2, write_pt2
from tests import nets
from tests.export.conftest import add_sample_inputs


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_the_batch_is_free(exports, batch):
    program = read_pt2(exports["residual channels"] / "residual.pt2")
    inputs = torch.randn(batch, 3, 8, 8)
    assert program(inputs).shape == (batch, 4)


def test_a_program_gives_the_networks_outputs(tmp_path):
    net = nets.make("attention")
    write_pt2(net, torch.zeros(2, 3, 8, 8), tmp_path / "a.pt2")
    inputs = torch.randn(5, 3, 8, 8)
    torch.testing.assert_close(read_pt2(tmp_path / "a.pt2")(inputs), net(inputs), rtol=0, atol=1e-6)


def test_a_program_holds_no_sample_and_no_place_of_the_machine(tmp_path):
    secret = torch.randn(100_000)
    net = nets.make("linear")
    net.fc1.weight = nn.Parameter(secret[:96].view(16, 6))
    write_pt2(net, secret[:12].view(2, 6), tmp_path / "a.pt2")
    content = (tmp_path / "a.pt2").read_bytes()
    assert len(content) < 60_000
    assert b"nets.py" not in content
    assert b"site-packages" not in content
    with zipfile.ZipFile(tmp_path / "a.pt2") as archive:
        samples = [entry for entry in archive.infolist() if "sample_inputs" in entry.filename]
        assert [entry.file_size for entry in samples] == [0]


def test_the_network_is_left_as_it_was(tmp_path):
    net = nets.make("plain").train()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    write_pt2(net, torch.zeros(2, 3, 8, 8), tmp_path / "a.pt2")
    assert all(module.training for module in net.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


class Fixed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(2, 6) if x.sum() > 0 else x


def test_what_cannot_be_captured_is_one_sentence_and_no_file(tmp_path):
    with pytest.raises(ExportError, match=r"^torch.export cannot capture this network [^\n]*$"):
        write_pt2(Fixed(), torch.zeros(2, 6), tmp_path / "a.pt2")
    assert not (tmp_path / "a.pt2").exists()


@pytest.fixture
def program(exports, tmp_path):
    path = tmp_path / "net.pt2"
    path.write_bytes((exports["linear channels"] / "linear.pt2").read_bytes())
    return path


def rezip(path, change: Callable[[str, bytes], bytes], packing: int = zipfile.ZIP_STORED, **more: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    root = next(iter(entries)).partition("/")[0]
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in entries.items():
            archive.writestr(name, change(name, content))
        for name, content in more.items():
            archive.writestr(f"{root}/{name.replace('__', '/')}", content)


def test_pickled_sample_inputs_are_refused(program):
    add_sample_inputs(program)
    with pytest.raises(CheckpointError, match="sample inputs"):
        read_pt2(program)


def test_pickled_weights_are_refused(program):
    def pickled(name: str, content: bytes) -> bytes:
        if not name.endswith("model_weights_config.json"):
            return content
        config = json.loads(content)
        next(iter(config["config"].values()))["use_pickle"] = True
        return json.dumps(config).encode()

    rezip(program, pickled)
    with pytest.raises(CheckpointError, match="pickled tensors"):
        read_pt2(program)


@pytest.mark.parametrize("entry", ["data__constants__custom_obj_0", "data__aotinductor__model.so", "extra__note"])
def test_anything_but_weights_and_a_graph_is_refused(program, entry):
    rezip(program, lambda name, content: content, **{entry: b"x"})
    with pytest.raises(CheckpointError, match="does not need"):
        read_pt2(program)


def test_packed_entries_are_refused(program):
    rezip(program, lambda name, content: content, zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="compressed inside"):
        read_pt2(program)


def test_a_truncated_program_is_refused(program):
    program.write_bytes(program.read_bytes()[:-50])
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        read_pt2(program)
