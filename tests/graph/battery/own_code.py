"""What people write by hand: buffers, weights made on the way, sizes written down, branches on values."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


@net("""
    a | 4 | a> scale:1 >b
    b | 5 | b> >out | softmax over channels
    out | 2 | out> | network output
""")
class Buffers(nn.Module):
    """A buffer with an entry for each channel, and a softmax over channels."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1), nn.Linear(5, 2)
        self.register_buffer("scale", torch.rand(1, 4, 1, 1))

    def forward(self, x):
        return self.out(F.softmax(self.b(F.relu(self.a(x)) * self.scale), 1).mean((2, 3)))


@net("""
    w1 | 4 | w1:0 >c
    c | 5 | c> w2:1
    w2 | 3 | w2:0 | network output
""")
class FunctionalWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1, self.w2 = nn.Parameter(torch.randn(4, 3, 3, 3)), nn.Parameter(torch.randn(3, 5))
        self.c = nn.Conv2d(4, 5, 1)

    def forward(self, x):
        return F.linear(F.relu(self.c(F.relu(F.conv2d(x, self.w1, padding=1)))).mean((2, 3)), self.w2)


@net("""
    a | 4 | a> >out | graph
    out | 3 | out> | network output
""")
class HardCodedView(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 9, 3)

    def forward(self, x):
        return self.out(F.adaptive_avg_pool2d(F.relu(self.a(x)), 3).view(-1, 36))


@net("""
    a | 4 | a> >b
    b | 5 | b> >b2 >out
    b2 | 5 | b2> >out
    out | 3 | out> | network output
""")
class Branching(nn.Module):
    """A branch that depends on the input."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.b2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1), nn.Conv2d(5, 5, 1)
        self.out = nn.Linear(10, 3)

    def forward(self, x):
        x = F.relu(self.b(F.relu(self.a(x))))
        y = self.b2(x)
        if x.mean() > -1e9:
            y = F.relu(y)
        return self.out(torch.cat([x, y], 1).mean((2, 3)))


PARTS = "{0}.parametrizations.weight.original0:0 {0}.parametrizations.weight.original1:0 {0}.bias:0"


@net(f"""
    conv1 | 4 | {PARTS.format("conv1")} conv2.parametrizations.weight.original1:1 | norm over weights
    conv2 | 5 | {PARTS.format("conv2")} >out
    out | 3 | out> | network output
""")
class WeightNorm(nn.Module):
    """Each filter is divided by its length, to which every input channel adds."""

    def __init__(self):
        super().__init__()
        norm = nn.utils.parametrizations.weight_norm
        self.conv1, self.conv2, self.out = norm(nn.Conv2d(3, 4, 3)), norm(nn.Conv2d(4, 5, 1)), nn.Linear(5, 3)

    def forward(self, x):
        return self.out(F.relu(self.conv2(F.relu(self.conv1(x)))).mean((2, 3)))


@net("""
    a | 4 | a> b.weight:1 | mean over weights
    b | 5 | b.weight:0 b.bias:0 >out
    out | 3 | out> | network output
""")
class StandardisedWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1), nn.Linear(5, 3)

    def forward(self, x):
        weight = self.b.weight - self.b.weight.mean((1, 2, 3), keepdim=True)
        return self.out(F.relu(F.conv2d(F.relu(self.a(x)), weight, self.b.bias)).mean((2, 3)))


READ = "the forward pass reads numbers that depend on it"


@net(f"""
    a | 4 | a> >b | {READ} (aten.item.default)
    b | 5 | b> >c | max over channels
    c | 5 | c> >out
    out | 3 | out> | network output
""")
class ScaledByItsLargest(nn.Module):
    """A number is taken out of the pass and goes back in."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1), nn.Conv2d(5, 5, 1)
        self.out = nn.Linear(5, 3)

    def forward(self, x):
        x = self.b(F.relu(self.a(x)))
        return self.out(F.relu(self.c(x / float(x.abs().max()))).mean((2, 3)))


@net(f"""
    a | 4 | a> >b | {READ} (Tensor.numpy)
    b | 5 | b> | {READ} (Tensor.numpy)
    c | 5 | c> >out
    out | 3 | out> | network output
""")
class ThroughNumpy(nn.Module):
    """What numpy does is no operation of the pass, and what it gives back looks like a constant."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1), nn.Conv2d(5, 5, 1)
        self.out = nn.Linear(5, 3)

    def forward(self, x):
        x = self.b(F.relu(self.a(x)))
        return self.out(F.relu(self.c(torch.from_numpy(np.tanh(x.numpy())))).mean((2, 3)))


@net(f"""
    a | 4 | a> >b | {READ} (Tensor.tolist)
    b | 5 | b> >out
    out | 3 | out> | network output
""")
class ShiftedByLists(nn.Module):
    """Lists of numbers: of one place in each channel, and of weights."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1), nn.Linear(5, 3)
        self.shift = nn.Parameter(torch.randn(2))

    def forward(self, x):
        x = self.a(x)
        low = min(map(min, x[:, :, 0, 0].tolist()))
        return self.out(F.relu(self.b(x - low)).mean((2, 3)) + sum(self.shift.tolist()))
