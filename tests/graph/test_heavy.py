"""Large networks are recorded on ``meta``: what is found of them is what would be found of small ones."""

import importlib

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.graph import shrink, structure_of
from tests.nets import NETS, example, make

LIMIT = importlib.import_module("prunekit.graph.trace")
"""The module that knows the limit; the package has a function of its name."""


class Net(nn.Module):
    """Three layers, and something that the forward pass does between the last two."""

    def __init__(self, between, width: int | None = None, **attributes):
        super().__init__()
        self.between, self.width = between, width
        self.stem, self.body, self.head = nn.Linear(5, 8), nn.Linear(8, 8), nn.Linear(8, 3)
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.stem(x))
        h = torch.relu(self.body(h if self.width is None else h.view(-1, self.width)))
        return self.between(self, self.head(h))


class Windows(nn.Module):
    """Shifted windows as Swin has them: a mask made as it runs, a table of biases looked up by a plain index."""

    def __init__(self):
        super().__init__()
        self.embed, self.qkv, self.proj, self.head = nn.Linear(3, 8), nn.Linear(8, 24), nn.Linear(8, 8), nn.Linear(8, 3)
        self.table = nn.Parameter(torch.randn(7, 2))
        place = torch.arange(4)
        self.places = place[:, None] - place[None, :] + 3  # a plain tensor, no buffer

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(torch.roll(x, shifts=-2, dims=1)).reshape(-1, 4, 8)
        q, k, v = self.qkv(x).reshape(len(x), 4, 3, 2, 4).permute(2, 0, 3, 1, 4)
        scores = q * 4**-0.5 @ k.transpose(-2, -1)
        scores = scores + self.table[self.places.view(-1)].view(4, 4, 2).permute(2, 0, 1)[None]
        parts = x.new_zeros(8)
        for number, part in enumerate((slice(0, 4), slice(4, 6), slice(6, None))):
            parts[part] = number
        mask = parts.view(2, 4)
        mask = mask.unsqueeze(1) - mask.unsqueeze(2)
        mask = mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)
        scores = (scores.view(-1, 2, 2, 4, 4) + mask[None, :, None]).view(-1, 2, 4, 4).softmax(-1)
        y = (scores @ v).transpose(1, 2).reshape(-1, 8, 8)
        return self.head(self.proj(y).mean(1))


class Halves(nn.Module):
    """Adds halves of a size that the code fixes: after a cut the addition refuses, in other words on ``meta``."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Linear(5, 8), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        some, others = torch.split(torch.relu(self.stem(x)), 4, 1)
        return self.head(some + others)


def literal(net: Net, y: Tensor) -> Tensor:
    return y * torch.tensor([1.0, 2.0, 3.0], device=y.device) + y.new_tensor([0.5, 1.0, 1.5])


def of_numpy(net: Net, y: Tensor) -> Tensor:
    return y + torch.as_tensor(np.linspace(0, 1, 3, dtype=np.float32), device=y.device)


def written(net: Net, y: Tensor) -> Tensor:
    mask = torch.full((3,), -1.0, device=y.device)
    mask[:2] = torch.tensor([2.0, 3.0])
    return y * mask + torch.ones(3).to(y)


SPELLINGS = {
    "a range": lambda: Net(lambda net, y: y + torch.arange(3, device=y.device), 8),
    "noughts": lambda: Net(lambda net, y: y + torch.zeros(3, device=y.device) + torch.linspace(0, 1, 3), 8),
    "literals": lambda: Net(literal, 8),
    "literals of numpy": lambda: Net(of_numpy, 8),
    "a mask": lambda: Net(written, 8),
    "a plain attribute": lambda: Net(lambda net, y: y * net.scale, 8, scale=torch.tensor([1.0, 2.0, 3.0])),
    "a plain attribute, by class": lambda: Net(lambda net, y: y * net.scale, scale=torch.tensor([1.0, 2.0, 3.0])),
    "a plain attribute moved": lambda: Net(lambda net, y: y * net.scale.to(y.device), 8, scale=torch.ones(3)),
    "a plain attribute that is read": lambda: Net(lambda net, y: y * net.scale.item(), 8, scale=torch.tensor(2.0)),
    "a weight that is read": lambda: Net(lambda net, y: y * net.scale.item(), scale=nn.Parameter(torch.tensor(2.0))),
    "numbers of the answer": lambda: Net(lambda net, y: y * float(y.abs().sum() * 0 + 2), 8),
    "autocast": lambda: Net(lambda net, y: F.softmax(y, -1) if not torch.is_autocast_enabled("cpu") else y),
    "windows": Windows,
    "halves": Halves,
    **{name: lambda name=name: make(name) for name in NETS},
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_same_network_has_the_same_groups_on_both_sides_of_the_limit(name, monkeypatch):
    torch.manual_seed(1)
    net = SPELLINGS[name]().eval()
    x = example(name) if name in NETS else torch.randn(4, 8, 3) if name == "windows" else torch.randn(4, 5)
    light = structure_of(net, x)
    monkeypatch.setattr(LIMIT, "HEAVY", 0)
    heavy = structure_of(net, x)
    for one in ("groups", "layers", "blocks", "links", "notes", "unknown_ops"):
        assert getattr(heavy, one) == getattr(light, one)
    kept = {group.name: range(group.units // 2) for group in light.prunable}
    with torch.no_grad():
        answers = [shrink(net, found, kept)(x) for found in (light, heavy)]
    assert torch.equal(*answers)


@pytest.mark.parametrize("name", ["a range", "literals", "literals of numpy", "a plain attribute", "windows"])
def test_what_a_pass_makes_or_brings_along_needs_no_values(name, monkeypatch):
    monkeypatch.setattr(LIMIT, "HEAVY", 0)
    net = SPELLINGS[name]()
    devices = []
    first = next(net.children())
    net.register_forward_pre_hook(lambda module, given: devices.append(given[0].device.type))
    traced = LIMIT.trace(net, torch.randn(4, 8, 3) if name == "windows" else torch.randn(4, first.in_features))
    assert devices == ["meta"]
    assert not any(value.is_meta for value in traced.constants.values())
