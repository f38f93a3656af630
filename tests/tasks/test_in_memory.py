import json

import numpy as np
import pytest
import torch
from torch import nn

from prunekit.tasks.in_memory import copied, task_of
from tests.nets import Residual, make
from tests.samples import pair

SPLITS = {"validation": pair(20, 1)}


class Wide(nn.Sequential):
    """Needs an argument, so nobody can make it by its name alone."""

    def __init__(self, width):
        super().__init__(nn.Flatten(), nn.Linear(108, width), nn.ReLU(), nn.Linear(width, 4))


class ResNet8(Residual):
    """Named as a bundled task is."""


def test_the_copy_shares_nothing_with_the_network():
    model = make("residual").train()
    own = copied(model)
    assert not own.training
    assert model.training
    theirs = {tensor.data_ptr() for tensor in model.state_dict().values()}
    assert not theirs & {tensor.data_ptr() for tensor in own.state_dict().values()}


def test_tied_weights_stay_tied():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    own = copied(model)
    assert own[1].weight is own[0].weight
    assert own[0].weight is not model[0].weight


def test_the_factory_makes_the_dense_network():
    task = task_of(make("residual"), SPLITS)
    fresh = task.factory()
    assert fresh is not task.model
    assert all(
        torch.equal(a, b) for a, b in zip(fresh.state_dict().values(), task.model.state_dict().values(), strict=True)
    )


def test_a_class_that_another_process_can_make_is_named():
    assert task_of(make("residual"), SPLITS).factory_path == "tests.nets:Residual"


@pytest.mark.parametrize(
    "model",
    [
        Wide(8),  # needs an argument
        nn.Sequential(nn.Flatten(), nn.Linear(108, 4)),  # without arguments an empty one is made
        type("Local", (Residual,), {"__qualname__": "f.<locals>.Local"})(),
        type("Residual", (Residual,), {"__module__": "__main__"})(),
    ],
)
def test_a_class_that_no_other_process_can_make_is_not(model):
    assert task_of(model.eval(), SPLITS).factory_path == ""


def test_a_name_fit_for_files():
    assert task_of(make("residual"), SPLITS).name == "residual"
    assert task_of(ResNet8().eval(), SPLITS).name == "my-resnet8"
    assert task_of(make("residual"), SPLITS, name="my_own-2").name == "my_own-2"


def test_what_was_read_is_said():
    task = task_of(make("residual"), {**SPLITS, "train": pair(30, 2)})
    about = json.dumps(task.card["about"])
    for said in ("copy of a Residual", "CPU", "eval mode", "20 validation samples", "30 train samples", "split off"):
        assert said in about


def test_the_random_state_is_as_before():
    before = torch.get_rng_state()
    task_of(make("residual"), SPLITS)
    assert torch.equal(before, torch.get_rng_state())


def test_an_npz_file_is_read_as_in_a_project_file(tmp_path):
    x, y = pair(100, 1)
    np.savez(tmp_path / "data.npz", x_val=x.numpy(), y_val=y.numpy())
    task = task_of(make("residual"), tmp_path / "data.npz")
    assert torch.equal(task.data.validation.inputs, x)
