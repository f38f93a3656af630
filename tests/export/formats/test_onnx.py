import pytest
import torch

from prunekit.errors import CheckpointError
from prunekit.export.formats.onnx import read_onnx, write_onnx
from tests import nets


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A tiny network, and the ONNX file of it."""
    net, path = nets.make("plain"), tmp_path_factory.mktemp("onnx") / "plain.onnx"
    write_onnx(net, torch.zeros(2, 3, 6, 6), path)
    return net, path


@pytest.mark.filterwarnings("ignore")
def test_any_batch_size_gives_the_networks_outputs(written):
    net, path = written
    for batch in (1, 7):
        inputs = nets.example("plain", batch, batch)
        with torch.no_grad():
            assert torch.allclose(read_onnx(path)(inputs), net(inputs), atol=1e-5)


def test_the_file_says_nothing_of_the_machine(written):
    _, path = written
    content = path.read_bytes()
    assert all(word not in content for word in (b"nets.py", b"/home", b"forward("))


def test_what_is_no_onnx_file_is_refused(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"no")
    with pytest.raises(CheckpointError, match=r"no\.onnx is not a whole ONNX file"):
        read_onnx(tmp_path / "no.onnx")
