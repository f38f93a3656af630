from itertools import islice, pairwise

import torch
from torch import nn

from prunekit.timing.stopwatch import rounds
from tests import nets
from tests.untouched import untouched


class Called(nn.Module):
    def __init__(self, name, calls):
        super().__init__()
        self.name, self.calls = name, calls

    def forward(self, x):
        self.calls.append(self.name)
        return x


def test_the_networks_take_turns_at_going_first():
    calls = []
    timing = rounds(Called("dense", calls), Called("candidate", calls), torch.ones(1, 6))
    next(timing)
    first = []
    for _ in range(4):
        calls.clear()
        next(timing)
        first.append(calls[0])
        # a block of one, then a block of the other
        assert sum(a != b for a, b in pairwise(calls)) == 1
    assert first == ["candidate", "dense"] * 2


def test_times_are_for_one_call_and_the_networks_stay_as_they_were():
    net, smaller = nets.make("plain"), nets.make("residual")
    with untouched(net), untouched(smaller):
        for found in islice(rounds(net, smaller, nets.example("plain")), 3):
            assert all(seconds > 0 for times in found for seconds in times)
