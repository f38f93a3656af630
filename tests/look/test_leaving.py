"""Histograms by the order in which a cut takes what they count."""

import torch

from prunekit.look.leaving import leaving, ranks_of, steps_of


def test_every_weight_is_counted_once_where_it_lies_and_when_it_goes():
    weights = torch.tensor([[-1.0, -0.9], [0.1, 0.2], [0.9, 1.0]])
    record = leaving("conv1", [(weights, torch.tensor([1, 0, 1]))], steps=2, bins=4)
    assert record.reach == 1.0
    assert record.counts == ((0, 0, 2, 0), (2, 0, 0, 2))  # the middle unit goes first


def test_the_tensors_of_a_group_share_its_steps_and_its_reach():
    parts = [(torch.tensor([[0.5], [2.0]]), torch.tensor([0, 1])), (torch.tensor([[-2.0]]), torch.tensor([1]))]
    record = leaving("group", parts, steps=2, bins=2)
    assert (record.reach, record.counts) == (2.0, ((0, 1), (1, 1)))


def test_steps_hold_about_as_many_each():
    steps = steps_of(ranks_of([4, 2, 0, 1, 3]), 2)
    assert steps.tolist() == [0, 1, 0, 1, 0]  # three of the five go in the first step


def test_a_weight_that_is_only_zeros_has_a_histogram():
    record = leaving("conv1", [(torch.zeros(2, 3), torch.tensor([0, 1]))], steps=2, bins=2)
    assert record.counts == ((0, 3), (0, 3))
