"""A normalisation written out by hand is cut as PyTorch's own is; a mean that goes anywhere else protects."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunekit.graph import shrink, structure_of
from prunekit.graph.proof import Prover


class Net(nn.Module):
    """Eight channels, what ``run`` does with them, and a layer that reads them."""

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.a, self.b, self.gate = nn.Linear(5, 8), nn.Linear(8, 3), nn.Linear(1, 8)
        self.weight, self.shift = nn.Parameter(torch.rand(8) + 0.5), nn.Parameter(torch.randn(8))

    def forward(self, x):
        return self.b(self.run(self, self.a(x)))


def mean(x):
    return x.mean(-1, keepdim=True)


def spread(x, eps=1e-6):
    return torch.rsqrt(mean(x.pow(2)) + eps)


def whole(net, x, variance):
    return net.weight * ((x - mean(x)) * torch.rsqrt(variance + 1e-5)) + net.shift


RMS = {
    "as Llama's": lambda net, x: net.weight * (x * spread(x)),
    "in single precision": lambda net, x: net.weight * (x.float() * spread(x.float())).to(x.dtype),
    "the power alone in single precision": lambda net, x: net.weight * (x * spread(x.to(torch.float32))).type_as(x),
    "divided by a root": lambda net, x: net.weight * (x / torch.sqrt(torch.mean(x**2, -1, keepdim=True) + 1e-6)),
    "a product with itself": lambda net, x: torch.rsqrt(torch.mean(x * x, -1, keepdim=True) + 1e-6) * x * net.weight,
    "the weight first": lambda net, x: net.weight * x / torch.sqrt(mean(x.square()) + 1e-6),
    "the weight and the root first": lambda net, x: x * (net.weight * spread(x)),
    "a power": lambda net, x: net.weight * (x * (mean(x.square()) + 1e-6) ** -0.5),
    "the dimension put back": lambda net, x: net.weight * x * torch.rsqrt(x.pow(2).mean(-1) + 1e-6).unsqueeze(-1),
    "in place": lambda net, x: (x * net.weight).mul_(spread(x)),
}  # fmt: skip
LAYER = {
    "variance": lambda net, x: whole(net, x, x.var(-1, keepdim=True, unbiased=False)),
    "variance and mean together": lambda net, x: whole(net, x, torch.var_mean(x, -1, correction=0, keepdim=True)[0]),
    "mean of squares": lambda net, x: whole(net, x, mean((x - mean(x)) ** 2)),
    "difference of means": lambda net, x: whole(net, x, mean(x * x) - mean(x) ** 2),
}
LENGTH = {
    "length": lambda net, x: net.weight * (x / x.norm(dim=-1, keepdim=True)),
    "normalize": lambda net, x: net.weight * F.normalize(x, dim=-1),
    "length over the width": lambda net, x: x / (x.norm(2, dim=-1, keepdim=True) / x.shape[-1] ** 0.5 + 1e-6),
    "sum over the width": lambda net, x: x * torch.rsqrt(x.pow(2).sum(-1, keepdim=True) / x.shape[-1] + 1e-6),
    "length times a number": lambda net, x: x / (x.norm(dim=-1, keepdim=True) * 8**-0.5).clamp(min=1e-8),
}
NONE = {
    "gate": ("mean", lambda net, x: x * torch.sigmoid(mean(x))),
    "factor": ("mean", lambda net, x: x * mean(x)),
    "layer": ("mean", lambda net, x: x * net.gate(mean(x))),
    "share": ("sum", lambda net, x: x / x.sum(-1, keepdim=True)),
    "share of the mean": ("mean", lambda net, x: x / mean(x)),
    "times its root": ("mean", lambda net, x: x * torch.sqrt(mean(x.pow(2)))),
    "of other channels": ("mean", lambda net, x: torch.tanh(x) - mean(x)),
    "read by a layer too": ("mean", lambda net, x: (lambda p: x * torch.rsqrt(p) + net.gate(p))(mean(x**2))),
    # Of one channel it is no number.
    "less one": ("std", lambda net, x: (x - mean(x)) / (x.std(-1, keepdim=True) + 1e-5)),
}  # fmt: skip


def net_and_example(run):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Net(run).eval(), torch.randn(3, 4, 5)


@pytest.mark.parametrize("run", {**RMS, **LAYER, **LENGTH}.values(), ids={**RMS, **LAYER, **LENGTH})
def test_a_normalisation_loses_channels_exactly(run):
    net, x = net_and_example(run)
    prover = Prover(net, x)
    group = prover.structure.group("a")
    assert (group.units, group.protected, group.statistics) == (8, None, True)
    # Where the reference rounds to single precision too, both round the same numbers.
    assert max(prover.error({"a": prover.choose(group, 1, kept)}) for kept in (1, 4, 7)) < 1e-14


@pytest.mark.parametrize(
    ("run", "norm"),
    [
        *((run, lambda net, h, kept: F.rms_norm(h, h.shape[-1:], net.weight[kept], 1e-6)) for run in RMS.values()),
        *(
            (run, lambda net, h, kept: F.layer_norm(h, h.shape[-1:], net.weight[kept], net.shift[kept], 1e-5))
            for run in LAYER.values()
        ),
    ],
    ids=[*RMS, *LAYER],
)
def test_it_is_cut_as_pytorchs_own_normalisation_is(run, norm):
    net, x = net_and_example(run)
    net, x = net.double(), x.double()
    kept = [0, 3, 4]
    small = shrink(net, structure_of(net, x), {"a": kept})
    assert isinstance(small, Net)
    with torch.no_grad():
        wanted = F.linear(norm(net, net.a(x)[..., kept], kept), net.b.weight[:, kept], net.b.bias)
        torch.testing.assert_close(small(x), wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("reduction", "run"), NONE.values(), ids=NONE)
def test_what_goes_anywhere_else_is_none(reduction, run):
    net, x = net_and_example(run)
    assert structure_of(net, x).group("a").protected == f"{reduction} over channels"


def test_a_normalisation_of_weights_is_none():
    net, x = net_and_example(lambda net, h: F.linear(h, net.mix * spread(net.mix)))
    net.mix = nn.Parameter(torch.rand(8, 8))
    assert structure_of(net, x).group("a").protected == "mean over weights"


def test_the_dense_networks_numbers_stay_where_the_width_is_read():
    net, x = net_and_example(LENGTH["length over the width"])
    net, x = net.double(), x.double()
    structure, kept = structure_of(net, x), [1, 2, 6]
    assert structure.group("a").graph_only
    with torch.no_grad():
        h = net.a(x)[..., kept]
        wanted = F.linear(h / (h.norm(dim=-1, keepdim=True) / 8**0.5 + 1e-6), net.b.weight[:, kept], net.b.bias)
        torch.testing.assert_close(shrink(net, structure, {"a": kept})(x), wanted, rtol=0, atol=1e-14)
