"""Networks that change the resolution of their values: up, down and across."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


@net("""
    down | 4 | down> >code
    code | 5 | code> >up
    up   | 6 | up> bn >out
    out  | 2 | out> | network output
""", (2, 8, 8))  # fmt: skip
class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.code = nn.Conv2d(2, 4, 3, 2, 1), nn.Conv2d(4, 5, 3, 2, 1)
        self.up, self.bn = nn.ConvTranspose2d(5, 6, 2, 2), nn.BatchNorm2d(6)
        self.out = nn.ConvTranspose2d(6, 2, 3, 2, 1, output_padding=1)

    def forward(self, x):
        return torch.sigmoid(self.out(F.relu(self.bn(self.up(F.relu(self.code(F.relu(self.down(x)))))))))


@net("""
    a  | 2 | a> >up
    up | 3 | up> >c
    c  | 2 | c> | network output
""", (2, 8))  # fmt: skip
class GroupedUpsampling(nn.Module):
    """A transposed convolution in two groups: each loses the same positions."""

    def __init__(self):
        super().__init__()
        self.a, self.up = nn.Conv1d(2, 4, 3), nn.ConvTranspose1d(4, 6, 2, 2, groups=2)
        self.c = nn.Conv1d(6, 2, 1)

    def forward(self, x):
        return self.c(F.relu(self.up(F.relu(self.a(x)))))


@net("""
    a | 4 | a> >up up.bias:0 >out
    up | 1 | up.weight:1 | what each channel makes on its own
    out | 2 | out> | network output
""")
class DepthwiseUpsampling(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.up = nn.Conv2d(3, 4, 1), nn.ConvTranspose2d(4, 4, 2, 2, groups=4)
        self.out = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.out(F.relu(self.up(F.relu(self.a(x)))))


@net("""
    a | 4 | a> b> >b >c
    c | 2 | c> | network output
""")
class Unpooling(nn.Module):
    """Values go back to where their maxima came from: both have the same channels."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1)
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)

    def forward(self, x):
        y, places = self.pool(F.relu(self.a(x)))
        return self.c(self.unpool(self.b(y), places))


@net("""
    a | 4 | a> norm >b
    b | 5 | b> >c
    c | 3 | c> | network output
""")
class StyleTransfer(nn.Module):
    """Reflection padding, instance normalisation, resizing."""

    def __init__(self):
        super().__init__()
        self.pad, self.norm = nn.ReflectionPad2d(1), nn.InstanceNorm2d(4, affine=True)
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3, 2, padding=1), nn.Conv2d(5, 3, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.norm(self.a(self.pad(x))))
        x = F.interpolate(F.relu(self.b(x)), scale_factor=2, mode="nearest")
        return F.interpolate(torch.tanh(self.c(x)), size=(5, 5), mode="bilinear", align_corners=False)


@net("""
    down1 | 4 | down1> bn1 >down2 >last
    down2 | 5 | down2> bn2 >middle >join2
    middle | 6 | middle> >up2
    up2 | 3 | up2> >join2
    join2 | 5 | join2> >up1
    up1 | 4 | up1> >last
    last | 4 | last> >out
    out | 2 | out> | network output
""", (2, 8, 8))  # fmt: skip
class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.bn1 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.down2, self.bn2 = nn.Conv2d(4, 5, 3, padding=1), nn.BatchNorm2d(5)
        self.middle, self.up2 = nn.Conv2d(5, 6, 3, padding=1), nn.ConvTranspose2d(6, 3, 2, 2)
        self.join2, self.up1 = nn.Conv2d(8, 5, 3, padding=1), nn.ConvTranspose2d(5, 4, 2, 2)
        self.last, self.out = nn.Conv2d(8, 4, 3, padding=1), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        one = F.relu(self.bn1(self.down1(x)))
        two = F.relu(self.bn2(self.down2(F.max_pool2d(one, 2))))
        x = self.up2(F.relu(self.middle(F.max_pool2d(two, 2))))
        x = self.up1(F.relu(self.join2(torch.cat([two, x], 1))))
        return self.out(F.relu(self.last(torch.cat([x, one], 1))))


@net("""
    c1 | 4 | c1> >c2 >side1
    c2 | 5 | c2> >side2
    side2 | 6 | side2> side1> >smooth >small
    smooth | 3 | smooth> | network output
    small | 3 | small> | network output
""", (2, 8, 8))  # fmt: skip
class FeaturePyramid(nn.Module):
    """Two outputs at two sizes."""

    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(2, 4, 3, 2, 1), nn.Conv2d(4, 5, 3, 2, 1)
        self.side1, self.side2 = nn.Conv2d(4, 6, 1), nn.Conv2d(5, 6, 1)
        self.smooth, self.small = nn.Conv2d(6, 3, 3, padding=1), nn.Conv2d(6, 3, 1)

    def forward(self, x):
        one = F.relu(self.c1(x))
        top = self.side2(F.relu(self.c2(one)))
        low = self.side1(one) + F.interpolate(top, scale_factor=2.0, mode="nearest")
        return [self.smooth(low), self.small(top)]


@net("""
    a | 4 | a> >b
    b | 2 | b> >c
    c | 3 | c> | network output
""")
class PixelShuffle(nn.Module):
    """Four channels become one of twice the size: a unit of b is four channels."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1), nn.Conv2d(2, 3, 1)

    def forward(self, x):
        return self.c(F.pixel_shuffle(F.relu(self.b(F.relu(self.a(x)))), 2))


@net("""
    a | 3 | a> >b
    b | 4 | b> >out
    out | 2 | out> | network output
""")
class PixelUnshuffle(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(3, 3, 1), nn.Conv2d(12, 4, 1), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(F.relu(self.b(F.pixel_unshuffle(F.relu(self.a(x)), 2))).mean((2, 3)))
