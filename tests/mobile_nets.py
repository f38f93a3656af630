"""MobileNetV3-Large (arXiv:1905.02244, table 1), for ten classes."""

from torch import Tensor, nn

ROWS = (
    # kernel, expanded, out, squeezes, hard swish, stride
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)


def convolution(inputs: int, outputs: int, kernel: int, stride: int, act: nn.Module | None, groups: int = 1):
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), act or nn.Identity())


class Squeeze(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 4, 1)
        self.fc2 = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        scale = nn.functional.adaptive_avg_pool2d(x, 1)
        return x * nn.functional.hardsigmoid(self.fc2(nn.functional.relu(self.fc1(scale))))


class Block(nn.Module):
    def __init__(self, inputs: int, kernel: int, wide: int, out: int, squeezes: bool, swish: bool, stride: int) -> None:
        super().__init__()
        act = nn.Hardswish() if swish else nn.ReLU()
        self.expand = convolution(inputs, wide, 1, 1, act) if wide != inputs else nn.Identity()
        self.depth = convolution(wide, wide, kernel, stride, act, groups=wide)
        self.squeeze = Squeeze(wide) if squeezes else nn.Identity()
        self.project = convolution(wide, out, 1, 1, None)
        self.is_residual = stride == 1 and inputs == out

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.squeeze(self.depth(self.expand(x))))
        return x + y if self.is_residual else y


def mobilenet_v3_large() -> nn.Module:
    widths = [16, *(row[2] for row in ROWS)]
    blocks = [Block(widths[i], *row) for i, row in enumerate(ROWS)]
    return nn.Sequential(
        convolution(3, 16, 3, 2, nn.Hardswish()),
        *blocks,
        convolution(160, 960, 1, 1, nn.Hardswish()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(960, 1280),
        nn.Hardswish(),
        nn.Linear(1280, 10),
    )
