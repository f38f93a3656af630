import io
import zipfile

import pytest
import torch
from torch import nn

from prunekit.errors import CheckpointError
from prunekit.tasks.untrusted import load_torch, safe_members


def _archive(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_members_of_a_plain_archive_are_named():
    assert safe_members(_archive({"a/data.pkl": b"x", "a/data/0": b"yz"}), "It") == ("a/data.pkl", "a/data/0")


def test_members_over_the_limit_are_refused():
    data = _archive({"a": b"x" * 60, "b": b"y" * 60})
    assert safe_members(data, "It", limit=120)
    with pytest.raises(CheckpointError, match="It holds 120 bytes, more than the 119 that are read."):
        safe_members(data, "It", limit=119)


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
        safe_members(buffer.getvalue(), "It")


def test_torchscript_is_told_from_a_state_dict():
    with pytest.raises(CheckpointError, match="It is a TorchScript program; save the network's state dict"):
        load_torch(_archive({"net/data.pkl": b"", "net/constants.pkl": b"", "net/code/net.py": b""}), "It")


@pytest.mark.parametrize("new", [True, False])
def test_a_whole_network_is_named_by_its_classes(new):
    buffer = io.BytesIO()
    torch.save(nn.Linear(2, 2), buffer, _use_new_zipfile_serialization=new)
    with pytest.raises(CheckpointError, match="torch.nn.modules.linear.Linear"):
        load_torch(buffer.getvalue(), "It")


def test_plain_values_beside_tensors_are_read():
    buffer = io.BytesIO()
    torch.save({"epoch": 3, "names": ["a"], "weight": torch.ones(2)}, buffer)
    found = load_torch(buffer.getvalue(), "It")
    assert found["epoch"] == 3
    assert torch.equal(found["weight"], torch.ones(2))
