"""Networks of a person who uses PruneKit: what their file holds, and what may go wrong in it."""

import os

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Awkward(nn.Module):
    """Tied weights, a buffer outside the state dict, grouped convolutions and a size of its own."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.width = width
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.grouped = nn.Conv2d(width, width, 3, padding=1, groups=2)
        self.norm = nn.GroupNorm(2, width)
        self.encode = nn.Linear(width, 4)
        self.decode = nn.Linear(4, width)
        self.again = nn.Linear(4, width)
        self.again.weight = self.decode.weight
        self.head = nn.Linear(width, 4)
        self.register_buffer("scale", torch.linspace(0.5, 1.5, width), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.grouped(F.relu(self.stem(x)))).mean((2, 3)).reshape(-1, self.width) * self.scale
        x = F.relu(self.encode(x))
        return self.head(self.decode(x) + self.again(x))


def small_awkward() -> Awkward:
    """Every other channel of the whole one, as if a hand had cut it."""
    whole, small = Awkward(), Awkward(4)
    state = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    for name, tensor in small.state_dict().items():
        for dim, size in enumerate(tensor.shape):
            if state[name].shape[dim] == 2 * size:
                state[name] = state[name].index_select(dim, torch.arange(0, 2 * size, 2))
    small.load_state_dict(state)
    small.scale = whole.scale[::2]
    return small.eval()


def leaves() -> nn.Module:
    """A factory that takes its process down."""
    os._exit(3)


def raises() -> nn.Module:
    raise ValueError("no network today")
