from functools import cache

import pytest
import torch

from prunekit.criteria.gradients import gradients
from prunekit.criteria.select import count_kept
from prunekit.cut.pruned import prune
from prunekit.errors import RecipeError
from prunekit.graph import expand_state, shrink, structure_of
from prunekit.measure.evaluate import logits
from prunekit.measure.sizes import nonzero, tensor_bytes
from prunekit.recipe import Recipe, kept_units
from prunekit.tasks.task import Split
from tests import nets, samples
from tests.untouched import untouched


@cache
def opened(name):
    net = nets.make(name)
    return net, structure_of(net, nets.example(name))


def parameters(net):
    return sum(parameter.numel() for parameter in net.parameters())


def test_channels_are_cut_by_the_lowest_norm():
    net, structure = opened("plain")
    norms = net.conv2.weight.detach().flatten(1).norm(dim=1)
    pruned = prune(net, structure, Recipe(channels={"conv2": 0.5}))
    assert pruned.kept == {"conv2": tuple(sorted(norms.argsort()[6:].tolist()))}
    assert pruned.model.conv2.out_channels == 6
    assert torch.equal(pruned.model.conv2.weight, net.conv2.weight[list(pruned.kept["conv2"])])


@pytest.mark.parametrize("name", nets.NETS)
@pytest.mark.parametrize("criterion", ["l1", "random", "taylor"])
def test_counts_are_those_of_the_network_that_comes_out(name, criterion):
    net, structure = opened(name)
    channels = {group.name: 0.1 + 0.2 * i for i, group in enumerate(structure.prunable)}
    recipe = Recipe(channels=channels, weights={structure.layers[-1].name: 0.5}, criterion=criterion)
    inputs = nets.example(name, 8)
    found = gradients(net, Split(inputs, torch.arange(8) % 3))
    with untouched(net):
        pruned = prune(net, structure, recipe, gradients=found)
    assert pruned.cost == structure.cost(count_kept(structure, recipe))
    assert pruned.cost.params == parameters(pruned.model)
    assert pruned.cost.bytes == tensor_bytes(pruned.model)
    assert pruned.model(inputs).shape == net(inputs).shape


def test_weights_are_zeroed_exactly_as_many_as_asked():
    net, structure = opened("plain")
    pruned = prune(net, structure, Recipe(weights={"conv2": 0.8, "fc2": 0.35}))
    removed = {"conv2": 864 - kept_units(864, 0.8), "fc2": 40 - 26}  # ⌊40 · 0.65⌋ = 26
    for name, count in removed.items():
        assert int((pruned.model.get_submodule(name).weight == 0).sum()) == count
    assert nonzero(pruned.model) == nonzero(net) - sum(removed.values())
    assert pruned.cost == structure.cost({})
    assert pruned.kept == {}


def test_weights_that_left_with_a_channel_count_as_removed():
    net, structure = opened("linear")
    # fc2 is 16 → 8, 128 weights; half the inputs gone leave 64, and 32 of 128 shall stay
    pruned = prune(net, structure, Recipe(channels={"fc1": 0.5}, weights={"fc2": 0.75}))
    assert pruned.model.fc2.weight.numel() == 64
    assert int(torch.count_nonzero(pruned.model.fc2.weight)) == 32
    assert torch.equal(pruned.masks["fc2.weight"], pruned.model.fc2.weight != 0)
    gentle = prune(net, structure, Recipe(channels={"fc1": 0.5}, weights={"fc2": 0.25}))
    assert int(torch.count_nonzero(gentle.model.fc2.weight)) == 64


def test_nothing_asked_gives_an_equal_copy():
    net, structure = opened("residual")
    pruned = prune(net, structure, Recipe())
    split = samples.split(8)
    assert pruned.model is not net
    assert torch.equal(logits(pruned.model, split), logits(net, split))
    assert pruned.cost.params == parameters(net)


def test_a_child_of_a_run_is_cut_from_the_runs_own_weights():
    net, structure = opened("linear")
    parent = prune(net, structure, Recipe(channels={"fc1": 0.5, "fc2": 0.25}))
    tuned = {name: tensor * 2 + 1 for name, tensor in parent.model.state_dict().items()}
    dense = nets.make("linear")
    dense.load_state_dict(expand_state(tuned, net.state_dict(), structure, parent.kept))
    child = prune(dense, structure, Recipe(channels={"fc1": 0.75}), allowed=parent.kept)
    assert len(child.kept["fc1"]) == 4
    assert set(child.kept["fc1"]) < set(parent.kept["fc1"])
    assert child.kept["fc2"] == parent.kept["fc2"]
    rows = [parent.kept["fc1"].index(unit) for unit in child.kept["fc1"]]
    assert torch.equal(child.model.fc1.weight, tuned["fc1.weight"][rows])
    assert child.cost.params == parameters(child.model)


def test_a_recipe_is_checked_before_anything_is_cut():
    net, structure = opened("plain")
    with pytest.raises(RecipeError, match="no group or layer"):
        prune(net, structure, Recipe(channels={"conv9": 0.5}))
    with pytest.raises(RecipeError, match="no meaning for single weights"):
        prune(net, structure, Recipe(weights={"fc1": 0.5}, criterion="bn_scale"))


def test_notes_say_what_a_person_would_miss():
    net, structure = opened("plain")
    pruned = prune(
        net, structure, Recipe(channels={"conv1": 0.5, "fc1": 0.5}, round_to={"conv1": 16}, criterion="bn_scale")
    )
    assert pruned.notes == (
        "Group 'conv1' stays whole: it has 8 units, and multiples of 16 were asked.",
        "No BatchNorm runs over these units. Scored by l2 instead: fc1.",
    )
    assert pruned.cost.params == parameters(shrink(net, structure, {"fc1": range(5)}))
