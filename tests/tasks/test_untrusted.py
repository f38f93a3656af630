import io
import zipfile

import pytest
import torch
from torch import nn

from prunekit.errors import CheckpointError
from prunekit.tasks.untrusted import load_state


def _archive(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _saved(content, **options):
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def test_members_that_lie_over_each_other_are_refused():
    """Two entries of the directory point at the same 1,000 bytes: together they are more than the file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"x" * 1000)
        first = archive.infolist()[0]
        for name in "bcd":
            copy = zipfile.ZipInfo(name)
            copy.header_offset, copy.CRC = first.header_offset, first.CRC
            copy.file_size = copy.compress_size = 1000
            archive.filelist.append(copy)
    with pytest.raises(CheckpointError, match="claims to hold 4,000 bytes"):
        load_state(buffer.getvalue(), "It")


def test_torchscript_is_told_from_a_state_dict():
    with pytest.raises(CheckpointError, match="It is a TorchScript program; save the network's state dict"):
        load_state(_archive({"net/data.pkl": b"", "net/constants.pkl": b"", "net/code/net.py": b""}), "It")


@pytest.mark.parametrize("new", [True, False])
def test_a_whole_network_is_named_by_its_classes(new):
    with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.linear\.Linear"):
        load_state(_saved(nn.Linear(2, 2), _use_new_zipfile_serialization=new), "It")


@pytest.mark.parametrize("new", [True, False])
def test_tensors_are_what_was_saved_in_every_type_and_order(new):
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16]
    kinds += [torch.int8, torch.uint8, torch.bool, torch.complex64]
    whole = {str(kind): torch.arange(6).reshape(2, 3).to(kind) for kind in kinds}
    whole |= {"turned": torch.arange(6.0).reshape(2, 3).t(), "part": torch.arange(9.0)[2:5], "one": torch.tensor(3.0)}
    whole |= {"none": torch.zeros(0, 4), "parameter": nn.Parameter(torch.ones(2))}
    content, layout = load_state(_saved(whole, _use_new_zipfile_serialization=new), "It")
    assert layout == "torch"
    assert list(content) == list(whole)
    for name, tensor in whole.items():
        assert content[name].dtype == tensor.dtype
        torch.testing.assert_close(content[name], tensor.detach(), rtol=0, atol=0)


def test_types_without_a_storage_of_their_own_are_read():
    whole = {"wide": torch.tensor([1, 40000], dtype=torch.uint16), "small": torch.ones(3).to(torch.float8_e4m3fn)}
    content, _ = load_state(_saved(whole), "It")
    assert content["wide"].tolist() == [1, 40000]
    assert content["small"].dtype == torch.float8_e4m3fn
    assert content["small"].float().tolist() == [1, 1, 1]


@pytest.mark.parametrize("new", [True, False])
def test_tensors_that_share_their_numbers_still_do(new):
    numbers = torch.arange(4.0)
    content, _ = load_state(_saved({"a": numbers, "b": numbers[2:]}, _use_new_zipfile_serialization=new), "It")
    content["a"][2] = 9
    assert content["b"].tolist() == [9, 3]


def test_plain_values_beside_tensors_are_left_out():
    content, _ = load_state(_saved({"epoch": 3, "names": ["a"], "model": {"weight": torch.ones(2)}}), "It")
    assert list(content) == ["epoch", "names", "model"]
    assert torch.equal(content["model"]["weight"], torch.ones(2))
    assert not isinstance(content["epoch"], torch.Tensor)
