import io
import os
import pickle
import zipfile
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save
from torch import nn
from torch.nn.utils import prune

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
    "shape": (lambda state: state.update({"3.weight": torch.zeros(2, 5)}), r"3\.weight the shape or type 2×5 .* 2×4"),
    "integers": (lambda state: state.update({"3.bias": torch.zeros(2, dtype=torch.int8)}), r"3\.bias .* torch\.int8"),
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


LAYOUTS = {
    "bare": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 9, "best_acc1": 0.5},
    "model": lambda state: {"model": state, "optimizer": {"state": {0: {"step": torch.ones(1)}}}},
    "lightning": lambda state: {
        "epoch": 3,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {f"net.{name}": tensor for name, tensor in state.items()},
        "optimizer_states": [{"param_groups": [{"lr": 0.1}]}],
        "hyper_parameters": {"width": 4},
    },
    "parallel": lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
    "compiled": lambda state: {f"_orig_mod.{name}": tensor for name, tensor in state.items()},
    "compiled, then parallel": lambda state: {f"module._orig_mod.{name}": tensor for name, tensor in state.items()},
    "averaged": lambda state: {"n_averaged": torch.tensor(3), **{f"module.{name}": t for name, t in state.items()}},
    "averaged, beside other things": lambda state: {
        "model_ema": {"n_averaged": torch.tensor(3), **{f"module.{name}": t for name, t in state.items()}},
        "optimizer": {"param_groups": []},
    },
    "averaged in a wrapper": lambda state: {
        "ema.n_averaged": torch.tensor(3),
        **{f"ema.module.{name}": tensor for name, tensor in state.items()},
    },
    "pruned by torch": lambda state: {
        **{name: tensor for name, tensor in state.items() if name != "0.weight"},
        "0.weight_orig": state["0.weight"],
        "0.weight_mask": torch.ones_like(state["0.weight"]),
    },
    "before torch 0.4": lambda state: {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_that_people_save_fills_the_network(name):
    trained, fresh = _net(1), _net(2)
    fit = load_checkpoint(fresh, _torch_bytes(LAYOUTS[name](trained.state_dict())), name="w.pt")
    assert fit.is_whole
    assert fit.file == "w.pt"
    expected = trained.state_dict()
    assert all(torch.equal(tensor, expected[key]) for key, tensor in fresh.state_dict().items())
    assert set(fit.matched) | {"1.num_batches_tracked"} == set(expected)


@pytest.mark.parametrize(
    ("name", "layout", "prefix"),
    [
        ("bare", "state dict", ""),
        ("lightning", "state dict in 'state_dict'", "net."),
        ("model", "state dict in 'model'", ""),
        ("compiled, then parallel", "state dict", "module._orig_mod."),
    ],
)
def test_fit_says_where_the_tensors_were(name, layout, prefix):
    fit = load_checkpoint(_net(2), _torch_bytes(LAYOUTS[name](_net(1).state_dict())))
    assert (fit.layout, fit.prefix) == (layout, prefix)


def test_weights_themselves_go_before_their_average():
    content = {"model_ema": _net(1).state_dict(), "model": _net(2).state_dict()}
    fresh = _net(3)
    assert load_checkpoint(fresh, _torch_bytes(content)).layout == "state dict in 'model'"
    assert digest(fresh) == digest(_net(2))


def test_a_network_that_keeps_original_and_mask_itself_is_filled_with_both():
    trained, fresh = (prune.l1_unstructured(_net(seed)[3], "weight", 0.5) for seed in (1, 2))
    assert load_checkpoint(fresh, save(trained.state_dict())).is_whole
    assert torch.equal(fresh.weight_orig, trained.weight_orig)


def test_a_mask_of_another_shape_is_multiplied_with_nothing():
    """Broadcast, the two would fill 4 TB."""
    state = {"weight_orig": torch.zeros(1_000_000, 1), "weight_mask": torch.zeros(1, 1_000_000)}
    with pytest.raises(CheckpointError, match=r"lacks weight \(the nearest that it holds is weight_"):
        load_checkpoint(nn.Linear(1, 1), save({**state, "bias": torch.zeros(1)}))


def test_a_part_that_was_compiled_alone():
    trained, fresh = _net(1), _net(2)
    state = {name.replace("0.", "0._orig_mod."): t for name, t in trained.state_dict().items()}
    assert load_checkpoint(fresh, save(state)).is_whole
    assert digest(fresh) == digest(trained)


def test_another_head_goes_in_only_when_that_is_wanted():
    state = dict(_net(1).state_dict())
    state |= {"3.weight": torch.zeros(5, 4), "3.bias": torch.zeros(5), "aux.weight": torch.zeros(1)}
    del state["0.bias"]
    fresh = _net(2)
    with pytest.raises(CheckpointError, match=r"lacks 0\.bias.*\(6 fit, 1 unexpected, 2 of another shape\)"):
        load_checkpoint(fresh, _torch_bytes(state))
    fit = load_checkpoint(fresh, _torch_bytes(state), strict=False)
    assert not fit.is_whole
    assert fit.matched == ("0.weight", *(f"1.{n}" for n in ("weight", "bias", "running_mean", "running_var")), NBT)
    assert fit.missing == ("0.bias",)
    assert fit.unexpected == ("aux.weight",)
    assert [(one.name, one.given, one.expected) for one in fit.reshaped] == [
        ("3.weight", "5×4", "2×4"),
        ("3.bias", "5", "2"),
    ]
    assert torch.equal(fresh[0].weight, state["0.weight"])
    assert torch.equal(fresh[0].bias, _net(2)[0].bias)
    assert torch.equal(fresh[3].weight, _net(2)[3].weight)


NBT = "1.num_batches_tracked"


def test_a_file_of_another_network_is_refused_even_in_part():
    with pytest.raises(CheckpointError, match="no tensor of this network, which begins with 0.weight"):
        load_checkpoint(_net(), save({"encoder.kernel": torch.zeros(1)}), strict=False)


def _is_one_sentence(raised):
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert "weights_only" not in text
    assert len(text) < 200
