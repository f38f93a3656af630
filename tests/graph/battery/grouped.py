"""Grouped convolutions, and channels that are shuffled between groups."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


@net("""
    a | 2 | a> >grouped
    grouped | 3 | grouped> bn >c
    c | 4 | c> >out
    out | 3 | out> | network output
""")
class Grouped(nn.Module):
    """ResNeXt's convolution in two groups: each loses the same positions."""

    def __init__(self):
        super().__init__()
        self.a, self.grouped, self.bn = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.BatchNorm2d(6)
        self.c, self.out = nn.Conv2d(6, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        return self.out(F.relu(self.c(F.relu(self.bn(self.grouped(F.relu(self.a(x))))))).mean((2, 3)))


@net("""
    stem | 3 | stem> project> >expand >out
    expand | 2 | expand> >grouped
    grouped | 2 | grouped> grow> >squeeze >project
    squeeze | 2 | squeeze> >grow
    out | 3 | out> | network output
""")
class Regnet(nn.Module):
    """A residual bottleneck, grouped, with squeeze-excite."""

    def __init__(self):
        super().__init__()
        self.stem, self.expand, self.grouped = (
            nn.Conv2d(3, 3, 1),
            nn.Conv2d(3, 6, 1),
            nn.Conv2d(6, 6, 3, padding=1, groups=3),
        )
        self.squeeze, self.grow, self.project = nn.Conv2d(6, 2, 1), nn.Conv2d(2, 6, 1), nn.Conv2d(6, 3, 1)
        self.out = nn.Linear(3, 3)

    def forward(self, x):
        x = F.relu(self.stem(x))
        y = F.relu(self.grouped(F.relu(self.expand(x))))
        y = y * torch.sigmoid(self.grow(F.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        return self.out(F.relu(x + self.project(y)).mean((2, 3)))


@net("""
    a | 4 | a> dw> >out
    out | 3 | out> | network output
""")
class DepthwiseMultiplier(nn.Module):
    """Each channel makes two."""

    def __init__(self):
        super().__init__()
        self.a, self.dw, self.out = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 8, 3, padding=1, groups=4), nn.Conv2d(8, 3, 1)

    def forward(self, x):
        return F.adaptive_max_pool2d(self.out(F.relu(self.dw(F.relu(self.a(x))))), 1).flatten(1)


@net("""
    a | 3 | a> >b
    b | 4 | b> >out
    out | 2 | out> | network output
""")
class ChannelShuffle(nn.Module):
    """Two groups of three channels are interleaved: a unit is one of each."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(3, 6, 1), nn.Conv2d(6, 4, 1), nn.Linear(4, 2)

    def forward(self, x):
        x = F.relu(self.a(x))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return self.out(F.relu(self.b(x)).mean((2, 3)))


@net("""
    a | 3 | a> >b
    b | 4 | b> >out
    out | 2 | out> | network output
""")
class BuiltInShuffle(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(3, 6, 1), nn.Conv2d(6, 4, 1), nn.Linear(4, 2)
        self.shuffle = nn.ChannelShuffle(2)

    def forward(self, x):
        return self.out(F.relu(self.b(self.shuffle(F.relu(self.a(x))))).mean((2, 3)))


@net("""
    stem | 3 | stem> right3> >right1 >out
    right1 | 5 | right1> right2> >right3
    out | 2 | out> | network output
""")
class Shufflenet(nn.Module):
    """Half of the channels pass, half are convolved, both are interleaved."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 1)
        self.right1, self.right2 = nn.Conv2d(3, 5, 1), nn.Conv2d(5, 5, 3, padding=1, groups=5)
        self.right3, self.out = nn.Conv2d(5, 3, 1), nn.Linear(6, 2)

    def forward(self, x):
        left, right = F.relu(self.stem(x)).chunk(2, dim=1)
        x = torch.cat([left, F.relu(self.right3(self.right2(F.relu(self.right1(right)))))], 1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)
        return self.out(x.mean((2, 3)))
