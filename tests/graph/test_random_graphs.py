"""Random networks of residual additions and concatenations: every cut of them is exact, and their counts are right."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from prunekit.graph import shrink
from prunekit.graph.proof import Prover
from prunekit.records.proof import EXACT

Step = tuple[str, int, int, int]


class Woven(nn.Module):
    """Each step makes a value from earlier ones: a convolution, a sum of two, a joining of two, or half of one."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__()
        self.layers, self.steps, widths = nn.ModuleDict(), [], [3]
        for kind, a, b, width in steps:
            a, b = a % len(widths), b % len(widths)
            name = str(len(widths))
            if kind == "sum" and widths[a] != widths[b]:
                kind = "join"
            if kind == "half" and widths[a] % 2:
                kind = "conv"
            if kind == "conv":
                self.layers[name] = nn.Conv2d(widths[a], width, 1)
            elif kind == "depthwise":
                self.layers[name] = nn.Conv2d(widths[a], widths[a], 3, padding=1, groups=widths[a])
            widths.append({"conv": width, "join": widths[a] + widths[b], "half": widths[a] // 2}.get(kind, widths[a]))
            self.steps.append((kind, a, b))
        self.out = nn.Linear(widths[-1], 2)

    def forward(self, x):
        values = [x]
        for i, (kind, a, b) in enumerate(self.steps, 1):
            if kind in ("conv", "depthwise"):
                values.append(F.silu(self.layers[str(i)](values[a])))
            elif kind == "sum":
                values.append(values[a] + values[b])
            elif kind == "join":
                values.append(torch.cat([values[a], values[b]], 1))
            else:
                first, second = values[a].chunk(2, 1)
                values.append(first * second.sigmoid())
        return self.out(values[-1].mean((2, 3)))


KINDS = st.sampled_from(["conv", "conv", "sum", "sum", "join", "half", "depthwise"])
NUMBERS = st.integers(0, 9)
STEPS = st.lists(st.tuples(KINDS, NUMBERS, NUMBERS, st.sampled_from([2, 4, 4, 6])), min_size=2, max_size=9)


@pytest.mark.slow
@settings(max_examples=25, derandomize=True)
@given(STEPS)
def test_every_cut_of_a_random_network_is_exact(steps):
    torch.manual_seed(0)
    net = Woven([("conv", 0, 0, 4), ("conv", 1, 0, 4), *steps])
    prover = Prover(net, torch.randn(2, 3, 3, 3))
    structure = prover.structure
    kept = {group.name: prover.choose(group, i) for i, group in enumerate(structure.prunable)}
    for name, units in kept.items():
        assert prover.error({name: units}) <= EXACT
    assert prover.error(kept) <= EXACT
    small = shrink(net, structure, kept)
    cost = structure.cost({name: len(units) for name, units in kept.items()})
    assert cost.params == sum(parameter.numel() for parameter in small.parameters())
    assert structure.unknown_ops == ()
