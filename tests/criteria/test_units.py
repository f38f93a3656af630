from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunekit.criteria import CRITERIA
from prunekit.criteria.gradients import gradients
from prunekit.criteria.norms import input_norms
from prunekit.criteria.units import by_unit, unit_scores
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.tasks.task import Split
from tests import nets
from tests.untouched import untouched


@cache
def opened(name):
    net = nets.make(name)
    return net, structure_of(net, nets.example(name))


class Heads(nn.Module):
    """Attention whose code fixes the size of a head, not the number of heads."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.proj = nn.Linear(8, 4)

    def forward(self, x):
        n, tokens, _ = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, -1, 4).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2).mean(1))


def test_rows_follow_the_units_in_whatever_order_positions_come():
    tensor = torch.arange(12.0).reshape(2, 6)
    units = np.array([1, 0, -1, 1, 0, -1])
    assert by_unit(tensor, 1, units, 2).tolist() == [[1, 7, 4, 10], [0, 6, 3, 9]]


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("name", nets.NETS)
def test_every_prunable_unit_gets_one_finite_repeatable_score(name, criterion):
    net, structure = opened(name)
    inputs = nets.example(name, 8)
    split = Split(inputs, torch.arange(8) % 3)
    found, norms = gradients(net, split), input_norms(net, split)
    with untouched(net):
        scores = unit_scores(net, structure, criterion, gradients=found, norms=norms)
    assert scores.values.keys() == {group.name for group in structure.prunable}
    for group in structure.prunable:
        values = scores.values[group.name]
        assert values.shape == (group.units,)
        assert np.isfinite(values).all()
        assert (values >= 0).all()
        np.testing.assert_array_equal(
            values, unit_scores(net, structure, criterion, gradients=found, norms=norms).values[group.name]
        )


def test_a_linked_group_sums_its_layers_each_over_its_mean():
    net, structure = opened("residual")
    first, second = (layer.weight.detach().flatten(1).norm(dim=1) for layer in (net.stem, net.conv2))
    expected = first / first.mean() + second / second.mean()
    found = unit_scores(net, structure, "l2").values["stem"]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-6)


def test_a_head_is_scored_by_the_rows_of_its_query_key_and_value():
    net = Heads()
    structure = structure_of(net, torch.zeros(2, 5, 8))
    assert structure.group("qkv").kind == "head"
    # rows of qkv: query, key, value, each head 0 (4 rows) then head 1 (4 rows)
    rows = net.qkv.weight.detach().abs().sum(1).reshape(3, 2, 4)
    expected = rows.sum((0, 2)) / rows.sum((0, 2)).mean()
    np.testing.assert_allclose(unit_scores(net, structure, "l1").values["qkv"], expected.numpy(), rtol=1e-6)


def test_batchnorm_scales_come_from_all_norms_over_the_group():
    net, structure = opened("residual")
    first, second = net.bn0.weight.detach().abs(), net.bn2.weight.detach().abs()
    scores = unit_scores(net, structure, "bn_scale")
    np.testing.assert_allclose(
        scores.values["stem"], (first / first.mean() + second / second.mean()).numpy(), rtol=1e-6
    )
    assert scores.notes == ()


def test_groups_without_batchnorm_fall_back_and_a_note_says_so():
    net, structure = opened("plain")
    scores = unit_scores(net, structure, "bn_scale")
    assert scores.notes == ("No BatchNorm runs over these units. Scored by l2 instead: fc1.",)
    np.testing.assert_array_equal(scores.values["fc1"], unit_scores(net, structure, "l2").values["fc1"])


def test_random_differs_between_groups_and_seeds():
    net, structure = opened("depthwise")
    drawn = unit_scores(net, structure, "random").values
    other = unit_scores(net, structure, "random", seed=1).values
    assert all((drawn[name] != other[name]).any() for name in drawn)
    assert not np.array_equal(drawn["stem"], drawn["expand"][:6])


def test_taylor_without_gradients_and_unknown_criteria_are_refused():
    net, structure = opened("linear")
    with pytest.raises(RecipeError, match="need gradients"):
        unit_scores(net, structure, "taylor")
    with pytest.raises(RecipeError, match="Unknown criterion 'l3'"):
        unit_scores(net, structure, "l3")
