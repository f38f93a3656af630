import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from prunekit.errors import CheckpointError, ExportError
from prunekit.export.checkpoint import changed_sizes, fresh_network, stored_tensors
from prunekit.export.stored import check_checkpoint, digest
from prunekit.recipe import Recipe
from prunekit.records import Mode
from tests.export.conftest import cut, flip, make_task, rewrite
from tests.export.own_nets import Awkward, small_awkward


def metadata(path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return file.metadata()


def test_the_metadata_tell_the_whole_story(exports):
    facts = metadata(exports["linear channels"] / "linear.safetensors")
    assert Recipe.from_text(facts["recipe"]).channels == {"fc1": 0.5, "fc2": 0.5}
    assert {group: len(units) for group, units in json.loads(facts["kept"]).items()} == {"fc1": 8, "fc2": 4}
    assert json.loads(facts["counts"]) == {"params": 107, "macs": 92, "flops": 184, "bytes": 428}
    assert json.loads(facts["sizes"])["fc2"] == {"in_features": 8, "out_features": 4}
    assert json.loads(facts["reading"])["n"] == 40
    assert json.loads(facts["versions"])["torch"] == torch.__version__
    assert facts["task"] == "linear"
    assert facts["factory"].endswith("nets.py:Linear")


def test_kept_units_are_the_rows_of_the_dense_network(exports):
    path = exports["linear channels"] / "linear.safetensors"
    kept = json.loads(metadata(path)["kept"])
    dense = make_task("linear").model
    stored = load_file(path)
    assert torch.equal(stored["fc1.weight"], dense.fc1.weight[kept["fc1"]])
    assert torch.equal(stored["fc2.weight"], dense.fc2.weight[kept["fc2"]][:, kept["fc1"]])


def test_weights_mode_keeps_shapes_and_stores_zeros(exports):
    path = exports["linear weights"] / "linear.safetensors"
    assert json.loads(metadata(path)["sizes"]) == {}
    weight = load_file(path)["fc1.weight"]
    assert weight.shape == (16, 6)
    assert int((weight == 0).sum()) == 48


def test_a_tied_tensor_is_stored_once():
    tensors, tied = stored_tensors(small_awkward(), Awkward())
    assert tied == {"again.weight": "decode.weight"}
    assert "again.weight" not in tensors


def test_a_buffer_outside_the_state_dict_is_stored_where_its_size_changed():
    assert "scale" in stored_tensors(small_awkward(), Awkward())[0]
    assert "scale" not in stored_tensors(Awkward(), Awkward())[0]


def test_a_slice_does_not_bring_its_storage():
    net = nn.Linear(4, 2)
    net.weight = nn.Parameter(torch.randn(1000, 4)[::500])
    stored = stored_tensors(net, nn.Linear(4, 2))[0]["weight"]
    assert stored.is_contiguous()
    assert stored.untyped_storage().nbytes() == 2 * 4 * 4
    assert torch.equal(stored, net.weight)


def test_sizes_are_what_shapes_cannot_tell():
    assert changed_sizes(small_awkward(), Awkward()) == {
        "": {"width": 4},
        "stem": {"out_channels": 4},
        "grouped": {"in_channels": 4, "out_channels": 4},
        "norm": {"num_channels": 4},
        "encode": {"in_features": 4},
        "decode": {"out_features": 4},
        "again": {"out_features": 4},
        "head": {"in_features": 4},
    }


def test_a_factory_of_another_network_is_refused():
    with pytest.raises(ExportError, match="makes no Linear"):
        changed_sizes(nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.ReLU()))


def test_making_the_fresh_network_draws_nothing():
    task = make_task("plain")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fresh_network(task)
    assert torch.equal(torch.rand(3), expected)


def test_the_pruned_network_is_left_as_it_was(exports):
    task = make_task("linear")
    *_, pruned, _ = cut(task, Mode.CHANNELS)
    before = {name: tensor.clone() for name, tensor in pruned.model.state_dict().items()}
    stored_tensors(pruned.model, task.factory())[0]["fc1.weight"].zero_()
    assert all(torch.equal(tensor, before[name]) for name, tensor in pruned.model.state_dict().items())


def test_the_digest_sees_name_type_shape_and_values():
    tensor = torch.arange(6.0)
    digests = {
        digest({"a": tensor}),
        digest({"b": tensor}),
        digest({"a": tensor.view(torch.int32)}),
        digest({"a": tensor.reshape(2, 3)}),
        digest({"a": tensor + 1}),
    }
    assert len(digests) == 5
    assert digest({"a": tensor, "b": tensor}) == digest({"b": tensor, "a": tensor.clone()})


@pytest.fixture
def checkpoint(exports, tmp_path):
    path = tmp_path / "net.safetensors"
    path.write_bytes((exports["plain channels"] / "plain.safetensors").read_bytes())
    return path


def test_a_whole_checkpoint_passes(checkpoint):
    check_checkpoint(checkpoint)


def test_a_truncated_checkpoint_is_refused(checkpoint):
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="truncated"):
        check_checkpoint(checkpoint)


def test_a_changed_byte_is_refused(checkpoint):
    flip(checkpoint)
    with pytest.raises(CheckpointError, match="not the ones that were written"):
        check_checkpoint(checkpoint)


def test_another_shape_is_refused(checkpoint):
    rewrite(checkpoint, lambda tensors: {**tensors, "fc2.bias": torch.zeros(5)})
    with pytest.raises(CheckpointError, match="not the ones that were written"):
        check_checkpoint(checkpoint)


def test_foreign_safetensors_are_refused(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="was not written by PruneKit"):
        check_checkpoint(tmp_path / "a.safetensors")
