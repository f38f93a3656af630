import io
import os
import pickle
import zipfile
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save
from torch import nn

from prunekit.errors import CheckpointError, TaskError
from prunekit.tasks.checkpoint import digest, load_checkpoint, read_checkpoint


def _net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def _torch_bytes(content, **options):
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


FORMATS = {
    "safetensors": lambda state: save(dict(state)),
    "zip": _torch_bytes,
    "legacy": lambda state: _torch_bytes(state, _use_new_zipfile_serialization=False),
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_restores_the_weights(form, tmp_path):
    trained, fresh = _net(1), _net(2)
    assert digest(trained) != digest(fresh)
    path = tmp_path / "weights.bin"
    path.write_bytes(FORMATS[form](trained.state_dict()))
    load_checkpoint(fresh, path)
    assert digest(fresh) == digest(trained)
    load_checkpoint(fresh, FORMATS[form](_net(2).state_dict()))
    assert digest(fresh) == digest(_net(2))


def test_digest_names_content_not_object():
    first = digest(_net(1))
    assert first == digest(_net(1))
    assert len(first) == 16
    int(first, 16)
    other = _net(1)
    other[1].running_mean[0] = 1e-7
    assert digest(other) != first


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_truncated_file_is_one_sentence(form, share):
    data = FORMATS[form](_net().state_dict())
    with pytest.raises(CheckpointError) as raised:
        read_checkpoint(data[: int(len(data) * share)])
    _is_one_sentence(raised)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"PK", b"\x80\x02", b"\x10" + b"\0" * 7 + b"{", b"epoch,loss\n1,2\n" * 9]
)
def test_files_that_are_no_checkpoints(data):
    with pytest.raises(CheckpointError) as raised:
        read_checkpoint(data)
    _is_one_sentence(raised)


def test_missing_file():
    with pytest.raises(TaskError, match="no-such.pt cannot be read: No such file"):
        read_checkpoint("no-such.pt")


class _Runs:
    """A pickle that calls ``os.mkdir`` when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("new", [True, False])
def test_code_in_a_file_is_named_and_never_runs(new, tmp_path):
    trap = tmp_path / "made"
    data = _torch_bytes({"weight": _Runs(trap)}, _use_new_zipfile_serialization=new)
    with pytest.raises(CheckpointError) as raised:
        read_checkpoint(data)
    assert not trap.exists()
    _is_one_sentence(raised)
    if new:
        assert f"{os.mkdir.__module__}.mkdir" in str(raised.value)


def test_whole_module_is_refused():
    with pytest.raises(CheckpointError, match="save the state dict alone"):
        read_checkpoint(_torch_bytes(_net()))


def test_plain_pickle_is_refused():
    with pytest.raises(CheckpointError):
        read_checkpoint(pickle.dumps({"weight": [1, 2]}, protocol=2))


def test_compressed_member_is_refused():
    """A small compressed file may inflate to any size."""
    stored, bomb = io.BytesIO(_torch_bytes({"weight": torch.zeros(100_000)})), io.BytesIO()
    with zipfile.ZipFile(stored) as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.namelist():
            target.writestr(member, source.read(member))
    assert len(bomb.getvalue()) < 10_000
    with pytest.raises(CheckpointError, match="compressed inside"):
        read_checkpoint(bomb.getvalue())


def test_stride_0_giant_is_refused():
    giant = torch.zeros(1).expand(1_000_000, 1_000_000)
    with pytest.raises(CheckpointError, match="no plain dense tensor"):
        read_checkpoint(_torch_bytes({"weight": giant}))


@pytest.mark.parametrize("content", [{}, [1], {"epoch": 3}, {1: torch.zeros(1)}, torch.zeros(2)])
def test_anything_but_named_tensors_is_refused(content):
    with pytest.raises(CheckpointError) as raised:
        read_checkpoint(_torch_bytes(content))
    _is_one_sentence(raised)


MISFITS = {
    "missing": (lambda state: state.pop("3.bias"), r"lacks 3\.bias"),
    "unexpected": (lambda state: state.update(extra=torch.zeros(1)), "holds extra, which this network has not"),
    "shape": (lambda state: state.update({"3.weight": torch.zeros(2, 5)}), r"3\.weight the shape \(2, 5\) .* \(2, 4\)"),
    "integers": (lambda state: state.update({"3.bias": torch.zeros(2, dtype=torch.int8)}), r"3\.bias as torch\.int8"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_misfit_is_named_and_nothing_is_loaded(name):
    change, message = MISFITS[name]
    state = OrderedDict(_net(1).state_dict())
    change(state)
    model = _net(2)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(model, _torch_bytes(state))
    assert digest(model) == digest(_net(2))


def _is_one_sentence(raised):
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert "weights_only" not in text
    assert len(text) < 200
