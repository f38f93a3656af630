"""A network whose code reads how many channels there are is cut as its graph or not at all, never as another one."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunekit.graph import shrink, structure_of
from prunekit.graph.proof import Prover


class ScaledByWidth(nn.Module):
    """Attention over positions whose scale is read off the query."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(4, 5), nn.Linear(5, 2)

    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        return self.out((q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).softmax(-1) @ v)


class ScaledByTensor(ScaledByWidth):
    """The same scale, from a tensor made of the number."""

    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        return self.out((q @ k.transpose(1, 2) / torch.tensor(float(q.shape[-1])).sqrt()).softmax(-1) @ v)


class ScaledByAttribute(nn.Module):
    """An embedding scaled by its attribute, which a cut rewrites."""

    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Embedding(7, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.out(torch.relu(self.embed(x) * self.embed.embedding_dim**0.5))


class AddedWhereEqual(nn.Module):
    """A shortcut that appears when b has lost half of its units."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(4, 4), nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x):
        h = torch.relu(self.a(x))
        y = torch.relu(self.b(h))
        return self.out(y + h if y.shape == h.shape else y)


class GroupsByWidth(nn.Module):
    """As many normalisation groups as a quarter of the channels."""

    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Conv2d(3, 16, 1), nn.Conv2d(16, 2, 1)

    def forward(self, x):
        h = self.a(x)
        return self.out(F.group_norm(h, h.shape[1] // 4)).mean((2, 3))


class DividedByWidth(nn.Module):
    """A mean over channels spelled as a sum divided by their number."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(1, 2)

    def forward(self, x):
        h = self.a(x) * self.b(x)
        return self.out((h @ torch.ones(h.shape[-1], 1, dtype=h.dtype)) / h.shape[-1])


class TwoAlike(nn.Module):
    """Two layers that have as many units by chance."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(6, 2), nn.Linear(6, 2)

    def forward(self, x):
        h, y = torch.relu(self.a(x)), torch.relu(self.b(x))
        return self.c(h) + self.d(self.between(h, y))


class LaidOutByAnother(TwoAlike):
    """One is laid out in rows of the other's width: half of it would be twice as many rows."""

    def between(self, h, y):
        return y.reshape(-1, 3, h.shape[-1])[: len(h)]


class ScaledByAnother(TwoAlike):
    """One is scaled by how much wider it is than the other: while both lose as many, that is one."""

    def between(self, h, y):
        return y * (y.shape[-1] / h.shape[-1])


READERS = (
    *(ScaledByWidth, ScaledByTensor, ScaledByAttribute, AddedWhereEqual, GroupsByWidth, DividedByWidth),
    *(LaidOutByAnother, ScaledByAnother),
)


def example_of(factory):
    if factory is ScaledByAttribute:
        return torch.tensor([[1, 2, 6], [0, 3, 5]])
    shape = (3, 5, 5) if factory is GroupsByWidth else (3, 4)
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("factory", READERS)
def test_every_size_is_exact_or_protected(factory):
    torch.manual_seed(0)
    prover = Prover(factory(), example_of(factory))
    for group in prover.structure.prunable:
        for kept in range(1, group.units):
            assert prover.error({group.name: prover.choose(group, kept, kept)}) < 1e-12, (group.name, kept)


@pytest.mark.parametrize(
    ("factory", "group", "number"),
    [
        (ScaledByWidth, "q", "div"),
        (ScaledByAttribute, "embed", "mul"),
        (AddedWhereEqual, "b", "other operations"),
        (GroupsByWidth, "a", "group_norm"),
    ],
)
def test_the_reason_names_what_reads_the_number(factory, group, number):
    read = structure_of(factory(), example_of(factory)).group(group)
    assert number in (read.graph_only or read.protected)


def test_attention_keeps_the_scale_of_the_dense_network():
    torch.manual_seed(0)
    net, x = ScaledByWidth().double(), example_of(ScaledByWidth).double()
    kept = [0, 2, 5]
    with torch.no_grad():
        q, k, v = net.q(x)[..., kept], net.k(x)[..., kept], net.v(x)
        by_hand = net.out((q @ k.transpose(1, 2) / 6**0.5).softmax(-1) @ v)
        small = shrink(net, structure_of(net, x), {"q": kept})
        torch.testing.assert_close(small(x), by_hand, rtol=0, atol=1e-14)


def test_a_copy_that_only_one_size_needs_is_no_other_operation():
    class Shuffled(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.out = nn.Conv2d(3, 8, 1), nn.Linear(8, 2)

        def forward(self, x):
            n, c, h, w = (y := self.a(x)).shape
            y = y.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
            return self.out(y.mean((2, 3)))

    group = structure_of(Shuffled(), torch.randn(2, 3, 4, 4)).group("a")
    assert (group.units, group.protected, group.graph_only) == (4, None, "")


@pytest.mark.parametrize("squeeze", [lambda h: h.squeeze(), lambda h: F.group_norm(h, h.shape[-1])])
def test_what_breaks_with_one_unit_left_is_found_by_the_analysis(squeeze):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.out = nn.Linear(4, 6), nn.Linear(6, 3)

        def forward(self, x):
            return self.out(squeeze(self.a(x)))

    net, x = Net(), torch.randn(2, 4)
    structure = structure_of(net, x)
    for group in structure.prunable:
        assert shrink(net, structure, {group.name: [0]})(x).shape == (2, 3)


def test_group_statistics_of_vectors_answer_one_sample_with_one_unit_left():
    """PyTorch's function refuses a single number to take statistics of; its operation makes a zero of it."""
    net = nn.Sequential(nn.Linear(4, 6), nn.GroupNorm(3, 6), nn.Linear(6, 3))
    structure = structure_of(net, torch.randn(2, 4))
    answer = shrink(net, structure, {"0": [1]})(torch.randn(1, 4))
    torch.testing.assert_close(answer[0], net[2].weight[:, [1, 3, 5]] @ net[1].bias[[1, 3, 5]] + net[2].bias)
