"""The weights that a slider takes, against the cut itself."""

import numpy as np
import pytest

from prunekit import verbs
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.store import Workspace
from prunekit.subject.subject import resolve
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Task
from tests import samples
from tests.nets import make

BINS = 8


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    net = make("plain")
    task = Task("tiny", "Tiny", net, lambda: make("plain", 5), "tests.nets:Plain", samples.data())
    return verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path_factory.mktemp("ws")))


def binned(values, reach):
    """Count values as numpy does; the largest belongs to the last bin."""
    return np.histogram(values, BINS, (-reach, reach))[0].tolist()


@pytest.mark.parametrize("criterion", ["l2", "l1"])
def test_what_stays_of_a_cut_is_what_has_not_left_yet(opened, criterion):
    recipe = Recipe("tiny", channels={"conv1": 0.5}, criterion=criterion)
    (record,) = verbs.leaving(opened, recipe, names=["conv1"], bins=BINS, steps=10**6)
    kept = resolve(opened, recipe).pruned.kept["conv1"]
    weight = opened.task.model.conv1.weight.detach()
    steps = np.array(record.counts)
    assert len(steps) == len(weight)  # a step for each unit
    assert steps[len(weight) - len(kept) :].sum(0).tolist() == binned(weight[list(kept)].numpy(), record.reach)
    assert steps.sum(0).tolist() == binned(weight.numpy(), record.reach)


def test_a_unit_that_a_hand_drops_goes_first_and_one_that_it_keeps_last(opened):
    weight = opened.task.model.conv1.weight.detach()
    best, worst = weight.flatten(1).norm(dim=1).argmax().item(), weight.flatten(1).norm(dim=1).argmin().item()
    recipe = Recipe("tiny", keep={"conv1": (worst,)}, drop={"conv1": (best,)})
    (record,) = verbs.leaving(opened, recipe, names=["conv1"], bins=BINS, steps=10**6)
    assert list(record.counts[0]) == binned(weight[best].numpy(), record.reach)
    assert list(record.counts[-1]) == binned(weight[worst].numpy(), record.reach)


def test_single_weights_leave_by_magnitude_after_those_that_went_with_channels(opened):
    weight = opened.task.model.conv1.weight.detach()
    recipe = Recipe("tiny", channels={"conv1": 0.5})
    kept = list(resolve(opened, recipe).pruned.kept["conv1"])
    (record,) = verbs.leaving(opened, recipe, Mode.WEIGHTS, names=["conv1"], bins=BINS, steps=2)
    gone = [unit for unit in range(len(weight)) if unit not in kept]
    assert list(record.counts[0]) == binned(weight[gone].numpy(), record.reach)  # half of all weights, in two steps
    dense = next(iter(verbs.leaving(opened, Recipe("tiny"), Mode.WEIGHTS, names=["conv1"], bins=BINS, steps=2)))
    smallest = weight.flatten()[weight.flatten().abs().argsort()[: weight.numel() // 2]]
    assert list(dense.counts[0]) == binned(smallest.numpy(), dense.reach)
