"""Plain and residual convolutional networks in one, two and three dimensions."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


@net("""
    conv1 | 4 | conv1> bn1 >conv2
    conv2 | 6 | conv2> bn2 >fc1
    fc1   | 8 | fc1> >fc2
    fc2   | 3 | fc2> | network output
""")
class Vgg(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2, self.bn2 = nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.fc1, self.fc2, self.drop = nn.Linear(6 * 3 * 3, 8), nn.Linear(8, 3), nn.Dropout(0.5)

    def forward(self, x):
        x = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return self.fc2(self.drop(F.relu(self.fc1(torch.flatten(F.max_pool2d(x, 2), 1)))))


@net("""
    stem  | 4 | stem> bn0 conv2> bn2 >conv1 >conv3 >down
    conv1 | 5 | conv1> bn1 >conv2
    conv3 | 6 | conv3> bn3 >conv4
    conv4 | 7 | conv4> bn4 down> bn5 >fc
    fc    | 3 | fc> | network output
""")
class Resnet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.bn0 = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.conv1, self.bn1 = nn.Conv2d(4, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5)
        self.conv2, self.bn2 = nn.Conv2d(5, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.conv3, self.bn3 = nn.Conv2d(4, 6, 3, 2, padding=1, bias=False), nn.BatchNorm2d(6)
        self.conv4, self.bn4 = nn.Conv2d(6, 7, 3, padding=1, bias=False), nn.BatchNorm2d(7)
        self.down, self.bn5 = nn.Conv2d(4, 7, 1, 2, bias=False), nn.BatchNorm2d(7)
        self.fc = nn.Linear(7, 3)

    def forward(self, x):
        x = F.relu(self.bn0(self.stem(x)))
        x = F.relu(x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn4(self.conv4(F.relu(self.bn3(self.conv3(x)))))
        y += self.bn5(self.down(x))
        return self.fc(F.adaptive_avg_pool2d(F.relu(y), 1).flatten(1))


@net("""
    stem   | 6 | stem> bn0 expand> bn3 >reduce >fc
    reduce | 4 | reduce> bn1 >middle
    middle | 5 | middle> bn2 >expand
    fc     | 3 | fc> | network output
""")
class Bottleneck(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.bn0 = nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6)
        self.reduce, self.bn1 = nn.Conv2d(6, 4, 1, bias=False), nn.BatchNorm2d(4)
        self.middle, self.bn2 = nn.Conv2d(4, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5)
        self.expand, self.bn3 = nn.Conv2d(5, 6, 1, bias=False), nn.BatchNorm2d(6)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = F.relu(self.bn0(self.stem(x)))
        y = F.relu(self.bn2(self.middle(F.relu(self.bn1(self.reduce(x))))))
        return self.fc(F.relu(self.bn3(self.expand(y)) + x).mean((2, 3)))


@net("""
    stem  | 4 | stem> conv2> bn2 >conv1 >fc
    conv1 | 5 | conv1> bn1 >conv2
    conv2 | 4 | conv2> bn2 >fc | pad at fixed positions
    fc    | 3 | fc> | network output
""")
class PaddedShortcut(nn.Module):
    """The shortcut of small CIFAR networks: strided, with zeros for the channels it has not."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.conv1, self.bn1 = nn.Conv2d(4, 5, 3, 2, padding=1), nn.BatchNorm2d(5)
        self.conv2, self.bn2 = nn.Conv2d(5, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = F.relu(self.stem(x))
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return self.fc(F.relu(y + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))).mean((2, 3)))


@net("""
    stem   | 4  | stem> bn0 project> bn3 >expand >fc
    expand | 8  | expand> bn1 dw> bn2 >project
    fc     | 3  | fc> | network output
""")
class InvertedResidual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.bn0 = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.expand, self.bn1 = nn.Conv2d(4, 8, 1, bias=False), nn.BatchNorm2d(8)
        self.dw, self.bn2 = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8)
        self.project, self.bn3 = nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        x = F.relu6(self.bn0(self.stem(x)))
        y = F.relu6(self.bn2(self.dw(F.relu6(self.bn1(self.expand(x))))))
        return self.fc(F.adaptive_avg_pool2d(x + self.bn3(self.project(y)), 1).flatten(1))


@net("""
    expand | 6 | expand> bn1 dw> bn2 grow> >squeeze >project
    squeeze | 2 | squeeze> >grow
    project | 4 | project> bn3 >fc1
    fc1    | 5 | fc1> >fc2
    fc2    | 3 | fc2> | network output
""")
class MobileV3(nn.Module):
    """Depthwise and squeeze-excite by 1×1 convolutions, hard swish."""

    def __init__(self):
        super().__init__()
        self.expand, self.bn1 = nn.Conv2d(3, 6, 1, bias=False), nn.BatchNorm2d(6)
        self.dw, self.bn2 = nn.Conv2d(6, 6, 5, 2, padding=2, groups=6, bias=False), nn.BatchNorm2d(6)
        self.squeeze, self.grow = nn.Conv2d(6, 2, 1), nn.Conv2d(2, 6, 1)
        self.project, self.bn3 = nn.Conv2d(6, 4, 1, bias=False), nn.BatchNorm2d(4)
        self.fc1, self.fc2 = nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, x):
        x = F.hardswish(self.bn2(self.dw(F.hardswish(self.bn1(self.expand(x))))))
        x = x * F.hardsigmoid(self.grow(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        return self.fc2(F.hardswish(self.fc1(self.bn3(self.project(x)).mean((2, 3)))))


@net("""
    stem   | 4 | stem> wide> bn1 narrow> bn2 bn3 >wide >narrow >fc
    fc     | 3 | fc> | network output
""")
class RepVgg(nn.Module):
    """Three branches: 3×3, 1×1, and a BatchNorm alone."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.wide, self.bn1 = nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.narrow, self.bn2 = nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4)
        self.bn3, self.fc = nn.BatchNorm2d(4), nn.Linear(4, 3)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(self.bn1(self.wide(x)) + self.bn2(self.narrow(x)) + self.bn3(x))
        return self.fc(x.mean((2, 3)))


@net("""
    squeeze | 3 | squeeze> >left >right
    left    | 4 | left> >out
    right   | 5 | right> >out
    out     | 3 | out> | network output
""")
class Fire(nn.Module):
    """SqueezeNet: classes are the channels of the last convolution."""

    def __init__(self):
        super().__init__()
        self.squeeze = nn.Conv2d(3, 3, 1)
        self.left, self.right, self.out = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(9, 3, 1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        x = self.out(torch.cat([F.relu(self.left(x)), F.relu(self.right(x))], 1))
        return torch.flatten(F.adaptive_avg_pool2d(F.relu(x), (1, 1)), 1)


@net("""
    a | 4 | a> bn >b
    b | 5 | b> act >out
    out | 3 | out> | network output
""", (2, 12))  # fmt: skip
class Signal(nn.Module):
    """One-dimensional convolutions with a slope for each channel, and the largest of all positions."""

    def __init__(self):
        super().__init__()
        self.a, self.bn, self.b = nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.Conv1d(4, 5, 3)
        self.act, self.out = nn.PReLU(5), nn.Linear(5, 3)

    def forward(self, x):
        return self.out(self.act(self.b(F.leaky_relu(self.bn(self.a(x))))).amax(-1))


@net("""
    down  | 4 | down> second> >first >out
    first | 5 | first> >second
    out   | 3 | out> | network output
""", (2, 9))  # fmt: skip
class Causal(nn.Module):
    """A temporal network: dilated convolutions padded on both sides and cut off behind."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv1d(4, 5, 3, padding=4, dilation=2), nn.Conv1d(5, 4, 3, padding=4, dilation=2)
        self.down, self.out = nn.Conv1d(2, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        x = self.down(x)
        y = F.relu(self.first(x)[:, :, :-4].contiguous())
        return self.out(F.relu(x + F.relu(self.second(y)[:, :, :-4]))[:, :, -1])


@net("""
    a | 4 | a> bn >b
    b | 5 | b> >out
    out | 3 | out> | network output
""", (1, 4, 4, 4))  # fmt: skip
class Volume(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.bn, self.b = nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4), nn.Conv3d(4, 5, 2)
        self.out = nn.Linear(5, 3)

    def forward(self, x):
        x = F.max_pool3d(F.elu(self.bn(self.a(x))), 2)
        return self.out(F.adaptive_avg_pool3d(F.relu(self.b(x)), 1).flatten(1))


@net("""
    a | 4 | a> norm >b
    b | 6 | b> >out
    out | 3 | out> | network output
""")
class GroupNorm(nn.Module):
    """Eight channels in two groups of statistics: a unit is one channel of each."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b, self.out = (
            nn.Conv2d(3, 8, 1),
            nn.GroupNorm(2, 8),
            nn.Conv2d(8, 6, 1),
            nn.Linear(6, 3),
        )

    def forward(self, x):
        return self.out(F.silu(self.b(F.silu(self.norm(self.a(x))))).mean((2, 3)))


@net("""
    a | 6 | a> | avg_pool3d over channels
    b | 4 | b> >out
    out | 3 | out> | network output
""")
class LocalResponseNorm(nn.Module):
    """AlexNet's: every channel is divided by what its neighbours are."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b, self.out = (
            nn.Conv2d(3, 6, 1),
            nn.LocalResponseNorm(3),
            nn.Conv2d(6, 4, 1),
            nn.Linear(4, 3),
        )

    def forward(self, x):
        return self.out(F.relu(self.b(self.norm(self.a(x)))).mean((2, 3)))


@net("""
    a | 6 | a> b> >b >out
    out | 3 | out> | network output
""")
class CalledTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, padding=1), nn.Linear(6, 3)

    def forward(self, x):
        x = F.relu(self.b(F.relu(self.b(F.relu(self.a(x))))))
        return self.out(x.mean((2, 3)))
