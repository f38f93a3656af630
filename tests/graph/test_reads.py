"""What a forward pass reads of its mask holds no channels: they cannot change it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunekit.graph import structure_of
from prunekit.graph.proof import Prover


class Encoder(nn.Module):
    """A text encoder that looks at its padding before it attends; heads are read off the tensors."""

    def __init__(self, mask_of):
        super().__init__()
        self.mask_of = mask_of
        self.embed, self.norm, self.out = nn.Embedding(9, 8), nn.LayerNorm(8), nn.Linear(8, 3)
        self.q, self.k, self.v, self.o = (nn.Linear(8, 8) for _ in range(4))
        self.wide, self.narrow = nn.Linear(8, 6), nn.Linear(6, 8)

    def forward(self, tokens):
        x = self.embed(tokens)
        q, k, v = (layer(self.norm(x)).unflatten(-1, (-1, 4)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask_of(tokens != 0))
        x = x + self.o(y.transpose(1, 2).flatten(2))
        return self.out((x + self.narrow(F.relu(self.wide(x)))).mean(1))


def longest(mask):
    return (torch.arange(mask.shape[1]) < int(mask.sum(1).max()))[None, None, None, :]


ASKING = {
    "truth": lambda mask: None if mask.all() else mask[:, None, None, :],
    "is_nonzero": lambda mask: None if torch.is_nonzero(mask.all()) else mask[:, None, None, :],
    "item": lambda mask: None if mask.all().item() else mask[:, None, None, :],
    "count": lambda mask: None if int(mask.sum()) == mask.numel() else mask[:, None, None, :],
    "longest": longest,
}
FULL, PADDED = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]]), torch.tensor([[1, 2, 3, 0], [5, 6, 0, 0]])


@pytest.mark.parametrize("tokens", [FULL, PADDED], ids=["full", "padded"])
@pytest.mark.parametrize("mask_of", ASKING.values(), ids=ASKING)
def test_a_mask_that_is_read_protects_nothing(mask_of, tokens):
    torch.manual_seed(0)
    prover = Prover(Encoder(mask_of), tokens)
    fates = {group.name: (group.units, group.protected, group.graph_only) for group in prover.structure.groups}
    assert fates == {
        "embed": (8, None, ""),
        "q": (2, None, ""),
        "wide": (6, None, ""),
        "out": (3, "network output", ""),
    }
    for group in prover.structure.prunable:
        for kept in (1, group.units - 1):
            assert prover.error({group.name: prover.choose(group, 1, kept)}) < 1e-12
    assert any("another input may take another way" in note for note in prover.structure.notes)


class Torchs(nn.Module):
    """PyTorch's encoder asks whether the mask that it was given is the causal one."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 6, batch_first=True)
        self.embed, self.layers = nn.Embedding(9, 8), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(8, 3)
        self.register_buffer("mask", torch.full((4, 4), float("-inf")).triu(1))

    def forward(self, tokens):
        return self.out(self.layers(self.embed(tokens), mask=self.mask).mean(1))


def test_a_buffer_that_is_read_leaves_the_graph_open():
    torch.manual_seed(0)
    prover = Prover(Torchs(), FULL)
    structure = prover.structure
    assert [group.units for group in structure.prunable] == [8, 2, 6, 2, 6]
    assert structure.group("embed").graph_only
    assert structure.notes == ()
    for group in structure.prunable:
        for kept in (1, group.units - 1):
            assert prover.error({group.name: prover.choose(group, 1, kept)}) < 1e-12


class Fixed(nn.Module):
    """A width that is written down, so that only the graph could lose units, and what is read before."""

    def __init__(self, read):
        super().__init__()
        self.read, self.a, self.out = read, nn.Linear(4, 6), nn.Linear(6, 2)
        self.scale = nn.Parameter(torch.ones(()))
        self.register_buffer("seen", torch.zeros(2))

    def forward(self, x):
        return self.out(torch.relu(self.a(x)).view(-1, 6)) * (2 if self.read(self, x) else 1)


def written(net, x):
    net.seen[1:].copy_(x.amax(1)[:1])
    return net.seen.sum() > 0


@pytest.mark.parametrize(
    ("read", "is_open"),
    [
        (lambda net, x: net.seen.sum() > 0, True),
        (lambda net, x: (net.seen + torch.ones(2)).all(), True),
        (lambda net, x: net.seen.sum().item() > 0, True),
        (lambda net, x: net.scale > 0, False),
        (lambda net, x: x.sum() > 0, False),
        (lambda net, x: (net.seen + torch.rand(2)).sum() > 1, False),
        (written, False),
    ],
    ids=["buffer", "computed from a buffer", "number", "parameter", "input", "chance", "written"],
)
def test_the_graph_stands_in_only_where_every_sample_reads_the_same(read, is_open):
    group = structure_of(Fixed(read), torch.randn(3, 4)).group("a")
    assert (group.protected is None) == is_open
    assert is_open or "the forward pass reads a value" in group.protected
