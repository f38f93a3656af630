"""What weights that the example did not run may read stays whole; without such a way nothing is protected."""

import torch
from torch import nn

from prunekit.graph import shrink, structure_of


class Experts(nn.Module):
    """Two experts; a sample goes to the second one where its first number is positive."""

    def __init__(self, by_data=True):
        super().__init__()
        self.by_data = by_data
        self.embed, self.wide, self.out = nn.Linear(5, 8), nn.Linear(8, 10), nn.Linear(10, 4)
        self.first, self.second = nn.Linear(8, 8), nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 8))

    def forward(self, x):
        h = torch.relu(self.embed(x))
        expert = self.second if self.by_data and bool((x[:, 0] > 0).any()) else self.first
        return self.out(torch.relu(self.wide(h + expert(h))))


def test_what_an_expert_without_samples_reads_and_adds_to_stays_whole():
    net, x = Experts().eval(), -torch.rand(2, 5)
    structure = structure_of(net, x)
    fates = {group.name: group.protected for group in structure.groups}
    assert fates["wide"] is None  # ten channels fit none of the second expert's sizes
    assert "second.0.weight and 3 more did not run" in fates["embed"]
    small = shrink(net, structure, {"wide": [0, 3, 9]})
    assert small(-x).shape == (2, 4)  # the way that the example did not take


def test_weights_that_no_sample_runs_protect_nothing():
    structure = structure_of(Experts(by_data=False), -torch.rand(2, 5))
    assert structure.group("embed").protected is None
