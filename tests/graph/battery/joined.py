"""Networks that join, split, shuffle and gate channels."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


@net("""
    stem  | 4 | stem> bn1 bn2 bn3 >grow1 >grow2 >squeeze
    grow1 | 3 | grow1> bn2 bn3 >grow2 >squeeze
    grow2 | 2 | grow2> bn3 >squeeze
    squeeze | 5 | squeeze> >fc
    fc | 3 | fc> | network output
""")
class Densenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.bn1, self.grow1 = nn.BatchNorm2d(4), nn.Conv2d(4, 3, 3, padding=1, bias=False)
        self.bn2, self.grow2 = nn.BatchNorm2d(7), nn.Conv2d(7, 2, 3, padding=1, bias=False)
        self.bn3, self.squeeze, self.fc = nn.BatchNorm2d(9), nn.Conv2d(9, 5, 1, bias=False), nn.Linear(5, 3)

    def forward(self, x):
        x = self.stem(x)
        x = torch.cat([x, self.grow1(F.relu(self.bn1(x)))], 1)
        x = torch.cat([x, self.grow2(F.relu(self.bn2(x)))], 1)
        return self.fc(F.avg_pool2d(self.squeeze(F.relu(self.bn3(x))), 2).mean((2, 3)))


@net("""
    one | 2 | one> >out
    three | 3 | three> >wide
    wide | 4 | wide> >out
    pool | 5 | pool> >out
    out | 3 | out> | network output
""")
class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.three, self.wide = (
            nn.Conv2d(3, 2, 1),
            nn.Conv2d(3, 3, 1),
            nn.Conv2d(3, 4, (1, 3), padding=(0, 1)),
        )
        self.pool, self.out = nn.Conv2d(3, 5, 1), nn.Linear(11, 3)

    def forward(self, x):
        branches = [self.one(x), self.wide(F.relu(self.three(x))), self.pool(F.avg_pool2d(x, 3, 1, 1))]
        return self.out(F.relu(torch.cat(branches, dim=1)).mean((2, 3)))


@net("""
    left  | 4 | left> >out
    right | 4 | right> >out
    image | 3 | image> >out
    out   | 2 | out> | network output
""", (2, 6, 6))  # fmt: skip
class Pyramid(nn.Module):
    """Dilated branches, one of them of the whole image, spread over it again."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(2, 4, 1), nn.Conv2d(2, 4, 3, padding=2, dilation=2)
        self.image, self.out = nn.Conv2d(2, 3, 1), nn.Conv2d(11, 2, 1)

    def forward(self, x):
        image = F.relu(self.image(F.adaptive_avg_pool2d(x, 1))).expand(-1, -1, x.shape[2], x.shape[3])
        return self.out(torch.cat([self.left(x), self.right(x), image], 1))


@net("""
    conv | 6 | conv> bn grow> >squeeze >out
    squeeze | 2 | squeeze> >grow
    out | 3 | out> | network output
""")
class SqueezeExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6)
        self.squeeze, self.grow, self.out = nn.Linear(6, 2), nn.Linear(2, 6), nn.Linear(6, 3)

    def forward(self, x):
        x = F.relu(self.bn(self.conv(x)))
        n, c, _, _ = x.size()
        gate = torch.sigmoid(self.grow(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1).view(n, c)))))
        return self.out((x * gate.view(n, c, 1, 1).expand_as(x)).mean((2, 3)))


@net("""
    a | 4 | a> >both
    both | 3 | both> >c
    c | 2 | c> | network output
""")
class Gated(nn.Module):
    """A gated linear unit: the halves of one convolution are multiplied."""

    def __init__(self):
        super().__init__()
        self.a, self.both, self.c = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 6, 1), nn.Conv2d(3, 2, 1)

    def forward(self, x):
        value, gate = self.both(F.relu(self.a(x))).chunk(2, 1)
        return self.c(value * torch.sigmoid(gate)).mean((2, 3))


@net("""
    a | 3 | a> >c
    c | 2 | c> | network output
""")
class BuiltInGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.c = nn.Conv2d(3, 6, 1), nn.Conv2d(3, 2, 1)

    def forward(self, x):
        return self.c(F.glu(self.a(x), 1)).mean((2, 3))


@net("""
    first | 4 | first> more2> >more1 >last
    more1 | 3 | more1> >more2
    last | 2 | last> | network output
""")
class CrossStage(nn.Module):
    """YOLO's block: halves by chunk, one of them convolved again with a residual, all joined."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 1), nn.Conv2d(12, 2, 1)
        self.more1, self.more2 = nn.Conv2d(4, 3, 3, padding=1), nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x):
        parts = list(F.silu(self.first(x)).chunk(2, 1))
        parts.append(parts[-1] + self.more2(F.silu(self.more1(parts[-1]))))
        return self.last(torch.cat(parts, 1)).mean((2, 3))


@net("""
    first | 2 | first> >last | graph
    first#2 | 4 | first> >more >last | graph
    more | 3 | more> >last
    last | 2 | last> | network output
""")
class SplitBySizes(nn.Module):
    """Parts of two and four channels, by numbers in the code."""

    def __init__(self):
        super().__init__()
        self.first, self.more, self.last = nn.Conv2d(3, 6, 1), nn.Conv2d(4, 3, 1), nn.Conv2d(9, 2, 1)

    def forward(self, x):
        left, right = F.silu(self.first(x)).split((2, 4), 1)
        return self.last(torch.cat([left, right, self.more(right)], 1)).mean((2, 3))


@net("""
    first | 2 | first> >left | graph
    first#2 | 4 | first> >right | graph
    left | 3 | left> right> >last
    last | 2 | last> | network output
""")
class Slices(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.left, self.right = nn.Conv2d(3, 6, 1), nn.Conv2d(2, 3, 1), nn.Conv2d(4, 3, 1)
        self.last = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        x = F.relu(self.first(x))
        return self.last(F.relu(self.left(x[:, :2]) + self.right(x[:, 2:]))).mean((2, 3))


@net("""
    first | 6 | first> | slice at fixed positions
    left | 3 | left> right> >last
    last | 2 | last> | network output
""")
class EverySecond(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.left, self.right = nn.Conv2d(3, 6, 1), nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.last = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        x = F.relu(self.first(x))
        return self.last(F.relu(self.left(x[:, ::2]) + self.right(x[:, 1::2]))).mean((2, 3))


@net("""
    a | 4 | a> cheap> >out
    out | 2 | out> | network output
""")
class Ghost(nn.Module):
    """Half of the features are cheap copies of the others."""

    def __init__(self):
        super().__init__()
        self.a, self.cheap, self.out = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Linear(8, 2)

    def forward(self, x):
        x = F.relu(self.a(x))
        return self.out(torch.cat([x, F.relu(self.cheap(x))], 1).mean((2, 3)))


@net("""
    a | 4 | a> >out | mean over channels
    gate | 1 | gate> | broadcast in mul
    out | 2 | out> | network output
""")
class SpatialAttention(nn.Module):
    """CBAM: mean and maximum over the channels."""

    def __init__(self):
        super().__init__()
        self.a, self.gate, self.out = nn.Conv2d(3, 4, 1), nn.Conv2d(2, 1, 3, padding=1), nn.Linear(4, 2)

    def forward(self, x):
        x = F.relu(self.a(x))
        seen = torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]], 1)
        return self.out((x * torch.sigmoid(self.gate(seen))).mean((2, 3)))
