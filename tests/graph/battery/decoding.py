"""Rows of numbers that become images, channels that become places, and what such networks have beside."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


@net("""
    code | 4 | code> >grow
    grow | 5 | grow> >up
    up | 6 | up> bn >out
    out | 2 | out> | network output
""", (3,))  # fmt: skip
class Decoder(nn.Module):
    """A variational autoencoder's decoder: a channel of the image is the row's numbers of all its places."""

    def __init__(self):
        super().__init__()
        self.code, self.grow = nn.Linear(3, 4), nn.Linear(4, 5 * 6)
        self.up, self.bn, self.out = nn.ConvTranspose2d(5, 6, 2, 2), nn.BatchNorm2d(6), nn.Conv2d(6, 2, 1)

    def forward(self, x):
        x = F.relu(self.grow(F.relu(self.code(x)))).view(-1, self.up.in_channels, 2, 3)
        return torch.sigmoid(self.out(F.relu(self.bn(self.up(x)))))


@net("""
    grow | 4 | grow> bn >up | graph
    up | 3 | up> >out
    out | 1 | out> | network output
""", (3,))  # fmt: skip
class Generator(nn.Module):
    """DCGAN's: the size is written down."""

    def __init__(self):
        super().__init__()
        self.grow, self.bn = nn.Linear(3, 4 * 4, bias=False), nn.BatchNorm2d(4)
        self.up, self.out = nn.ConvTranspose2d(4, 3, 4, 2, 1), nn.ConvTranspose2d(3, 1, 4, 2, 1)

    def forward(self, x):
        x = F.relu(self.bn(self.grow(x).view(-1, 4, 2, 2)))
        return torch.tanh(self.out(F.relu(self.up(x))))


@net("""
    grow | 3 | grow> side> >c >mix
    c | 2 | c> >mix
    mix | 4 | mix> >out
    out | 2 | out> | network output
""", (3,), (3, 4, 4))  # fmt: skip
class Conditioned(nn.Module):
    """What becomes an image is resized, added to another one and joined with a third before a convolution reads it."""

    def __init__(self):
        super().__init__()
        self.grow, self.side, self.c = nn.Linear(3, 3 * 4), nn.Conv2d(3, 3, 1), nn.Conv2d(3, 2, 1)
        self.mix, self.out = nn.Conv2d(5, 4, 1), nn.Linear(4, 2)

    def forward(self, code, image):
        x = F.interpolate(self.grow(code).unflatten(1, (self.c.in_channels, 2, 2)), scale_factor=2)
        x = x + self.side(image)
        return self.out(F.relu(self.mix(torch.cat([F.relu(x), self.c(x)], 1))).mean((2, 3)))


@net("""
    grow | 4 | grow> >c
    c | 5 | c> >out
    out | 2 | out> | network output
""", (3,))  # fmt: skip
class Signals(nn.Module):
    """A row that becomes a signal, places first."""

    def __init__(self):
        super().__init__()
        self.grow, self.c, self.out = nn.Linear(3, 12), nn.Conv1d(4, 5, 2), nn.Linear(5, 2)

    def forward(self, x):
        x = self.grow(x).view(x.shape[0], 3, self.c.in_channels).permute(0, 2, 1)
        return self.out(F.relu(self.c(F.relu(x))).mean(2))


@net("""
    a | 2 | a> >b
    b | 3 | b> >c
    c | 2 | c> | network output
""")
class ShuffleByHand(nn.Module):
    """Four channels become one of twice the size, written with view and permute."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 1), nn.Conv2d(2, 12, 1), nn.Conv2d(3, 2, 1)

    def shuffled(self, x):
        b, c, h, w = x.shape
        x = x.view(b, c // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3)
        return x.reshape(b, c // 4, h * 2, w * 2)

    def forward(self, x):
        return self.c(self.shuffled(F.relu(self.b(self.shuffled(F.relu(self.a(x)))))))


@net("""
    a | 3 | a> >b | graph
    b | 2 | b> >c | graph
    c | 2 | c> | network output
""")
class ShuffleAsConverted(nn.Module):
    """The same with the sizes that a converter writes down; the second takes its channels from the end."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 12, 1), nn.Conv2d(3, 8, 1), nn.Conv2d(2, 2, 1)

    def forward(self, x):
        x = F.relu(self.a(x)).reshape(-1, 3, 2, 2, 6, 6).permute(0, 1, 4, 2, 5, 3).reshape(-1, 3, 12, 12)
        x = F.relu(self.b(x)).reshape(-1, 2, 2, 2, 12, 12).permute(0, 3, 4, 1, 5, 2).reshape(-1, 2, 24, 24)
        return self.c(x)


@net("""
    a | 3 | a> >b
    b | 2 | b> >c
    c | 2 | c> | network output
""")
class UnshuffleByHand(nn.Module):
    """Places become channels: each channel makes four, which go together."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 3, 1), nn.Conv2d(12, 2, 1), nn.Conv2d(2, 2, 1)

    def forward(self, x):
        x = F.relu(self.a(x))
        b, c, h, w = x.shape
        x = x.view(b, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(b, c * 4, h // 2, w // 2)
        return self.c(F.relu(self.b(x)))


@net("""
    a | 4 | a> >b
    b | 2 | b> >c
    c | 2 | c> | network output
""", (2, 6))  # fmt: skip
class ShuffleOfSignals(nn.Module):
    """In one dimension."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv1d(2, 4, 1), nn.Conv1d(4, 6, 1), nn.Conv1d(2, 2, 1)

    def forward(self, x):
        x = F.relu(self.b(F.relu(self.a(x))))
        b, c, t = x.shape
        return self.c(x.view(b, c // 3, 3, t).transpose(2, 3).reshape(b, c // 3, t * 3))


@net("""
    a | 6 | a> norm >b
    b | 4 | b> >out | graph
    out | 3 | out> | network output
""")
class GroupForEachChannel(nn.Module):
    """Group normalisation with a group for each channel: by a module, which follows, and by a number."""

    def __init__(self):
        super().__init__()
        self.a, self.norm = nn.Conv2d(3, 6, 1), nn.GroupNorm(6, 6)
        self.b, self.out = nn.Conv2d(6, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        x = F.group_norm(self.b(F.silu(self.norm(self.a(x)))), 4)
        return self.out(F.silu(x).mean((2, 3)))


@net("""
    a | 4 | a> norm >b | graph
    b | 6 | b> >out
    out | 3 | out> | network output
""", (5,))  # fmt: skip
class GroupNormOfVectors(nn.Module):
    """With one unit left, the function refuses a single sample: the graph does not."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b, self.out = nn.Linear(5, 8), nn.GroupNorm(2, 8), nn.Linear(8, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.out(F.silu(self.b(F.silu(self.norm(self.a(x))))))


@net("""
    a | 4 | a> >b | graph
    b | 5 | b> w:1
    w | 6 | w:0 bias:0 >out
    out | 3 | out> | network output
""", (2, 6, 6))  # fmt: skip
class Converted(nn.Module):
    """What converters of other formats emit: sizes in buffers that are read, limits, products with parameters."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(2, 4, 3), nn.Linear(16, 5), nn.Linear(6, 3)
        self.w, self.bias = nn.Parameter(torch.ones(6, 5)), nn.Parameter(torch.ones(6))
        self.register_buffer("shape", torch.tensor([-1, 16]))
        self.register_buffer("low", torch.tensor(0.0))
        self.register_buffer("order", torch.tensor([1, 0, 3, 2]))

    def forward(self, x):
        x = torch.clip(self.a(x), self.low, 6.0)
        x = torch.index_select(x[:, None], 3, self.order).squeeze((1,)).index_select(3, self.order)
        x = F.max_pool2d(x, 2).reshape(torch.Size(self.shape.tolist()))
        x = torch.where(self.b(x) > 0, self.b(x), 0.0)
        x = torch.true_divide(x, torch.broadcast_to(self.low + 2, x.shape))
        return self.out(torch.rsub(x @ self.w.t() + self.bias, 1))


@net("""
    a | 4 | a> >b
    b | 6 | b> >out
    out | 3 | out> | network output
""", (2, 6, 6))  # fmt: skip
class ConvertedShapes(nn.Module):
    """Sizes that a converter takes apart and puts together as tensors, and reads to reshape and resize."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(2, 4, 3), nn.Linear(16, 6), nn.Linear(6, 3)
        self.register_buffer("scales", torch.tensor([1.0, 1.0, 0.5, 0.5]))
        self.register_buffer("axis", torch.tensor([0]))

    def forward(self, x):
        x = torch.clamp(self.a(x), min=0)
        x = F.interpolate(x, scale_factor=self.scales[2:].tolist(), mode="nearest")
        shape = torch.index_select(torch.tensor(x.shape, device=x.device), 0, self.axis)
        x = x.reshape(torch.Size(torch.cat([shape, torch.tensor([-1])]).tolist()))
        return self.out(F.relu(self.b(x)))
