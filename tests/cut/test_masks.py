import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune as reference

from prunekit.cut.masks import keep_highest, keep_pattern, ranks, zero
from prunekit.pattern import Pattern


@pytest.mark.parametrize("remove", [0, 1, 37, 119, 120])
def test_magnitude_masks_are_those_of_torch(remove):
    layer = nn.Conv2d(4, 10, (3, 1))
    mask = keep_highest(layer.weight.detach().abs(), 120 - remove)
    reference.l1_unstructured(layer, "weight", amount=remove)
    assert torch.equal(mask, layer.weight_mask.bool())


def test_the_first_of_equals_go():
    assert keep_highest(torch.tensor([1.0, 0.0, 1.0, 1.0]), 2).tolist() == [False, False, True, True]


def test_more_than_there_are_stay_all():
    assert keep_highest(torch.zeros(2, 2), 9).all()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 30), st.integers(1, 30))
def test_keeping_fewer_keeps_a_subset(scores, one, other):
    values = torch.tensor(scores, dtype=torch.float32)
    few, many = sorted((one, other))
    small, large = keep_highest(values, few), keep_highest(values, many)
    assert int(small.sum()) == min(few, len(scores))
    assert not (small & ~large).any()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 30))
def test_ranks_keep_what_keep_highest_keeps(scores, keep):
    values = torch.tensor(scores, dtype=torch.float32)
    kept = min(keep, len(scores))
    assert torch.equal(ranks(values) >= len(scores) - kept, keep_highest(values, keep))


def test_zeroing_sets_exactly_the_masked_weights():
    layer = nn.Linear(2, 2)
    before = layer.weight.detach().clone()
    mask = torch.tensor([[True, False], [False, True]])
    zero(layer, {"weight": mask})
    assert torch.equal(layer.weight.detach(), torch.where(mask, before, 0.0))
    assert layer.weight.requires_grad


@pytest.mark.parametrize("dim", [0, 1])
def test_of_every_four_weights_along_the_inputs_two_are_zero(dim):
    scores = torch.rand(9, 10, 3, generator=torch.Generator().manual_seed(0))
    mask = keep_pattern(scores, Pattern("2:4"), dim)
    rows, kept = scores.movedim(dim, -1), mask.movedim(dim, -1)
    for start in (0, 4):
        block = kept[..., start : start + 4]
        assert (block.sum(-1) == 2).all()
        lowest = rows[..., start : start + 4].masked_fill(~block, torch.inf).amin(-1)
        assert (rows[..., start : start + 4].masked_fill(block, -torch.inf).amax(-1) <= lowest).all()
    assert kept[..., 8:].all()
