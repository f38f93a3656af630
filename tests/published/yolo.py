"""YOLOv10n (arXiv:2405.14458): lists of chunks, partial attention and two heads, as its common implementation has."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

CLASSES, BINS, STRIDES = 80, 16, (8, 16, 32)


class Conv(nn.Module):
    """A convolution with its normalisation and, mostly, SiLU."""

    def __init__(self, inputs: int, outputs: int, k: int = 1, s: int = 1, g: int = 1, act: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, k, s, k // 2, groups=g, bias=False)
        self.bn, self.act = nn.BatchNorm2d(outputs, eps=1e-3), nn.SiLU() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """Two convolutions and, in the backbone, a shortcut."""

    def __init__(self, width: int, shortcut: bool) -> None:
        super().__init__()
        self.cv1, self.cv2, self.add = Conv(width, width, 3), Conv(width, width, 3), shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv2(self.cv1(x))
        return x + y if self.add else y


class LargeKernel(nn.Module):
    """Two depthwise convolutions of different sizes, added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv, self.conv1 = Conv(width, width, 7, g=width, act=False), Conv(width, width, 3, g=width, act=False)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv(x) + self.conv1(x))


class Inverted(nn.Module):
    """The compact block of the deep stages."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cv1 = nn.Sequential(
            Conv(width, width, 3, g=width),
            Conv(width, 2 * width),
            LargeKernel(2 * width),
            Conv(2 * width, width),
            Conv(width, width, 3, g=width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.cv1(x)


class C2f(nn.Module):
    """Halves in a list that every block appends to."""

    def __init__(self, inputs: int, outputs: int, depth: int, shortcut: bool = False, compact: bool = False) -> None:
        super().__init__()
        half = outputs // 2
        self.cv1, self.cv2 = Conv(inputs, outputs), Conv((2 + depth) * half, outputs)
        self.m = nn.ModuleList(Inverted(half) if compact else Bottleneck(half, shortcut) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.cv1(x).chunk(2, 1))
        parts.extend(m(parts[-1]) for m in self.m)
        return self.cv2(torch.cat(parts, 1))


class ScaleDown(nn.Module):
    """First the channels, then, depthwise, the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.cv1, self.cv2 = Conv(inputs, outputs), Conv(outputs, outputs, 3, 2, g=outputs, act=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.cv2(self.cv1(x))


class Pooling(nn.Module):
    """Spatial pyramid pooling by pooling again and again."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cv1, self.cv2, self.m = Conv(width, width // 2), Conv(2 * width, width), nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = [self.cv1(x)]
        y.extend(self.m(y[-1]) for _ in range(3))
        return self.cv2(torch.cat(y, 1))


class Attention(nn.Module):
    """Keys of half the width of the values, and a depthwise convolution for the positions."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.num_heads, self.head_dim = heads, width // heads
        self.key_dim = self.head_dim // 2
        self.scale = self.key_dim**-0.5
        self.qkv = Conv(width, width + 2 * heads * self.key_dim, act=False)
        self.proj, self.pe = Conv(width, width, act=False), Conv(width, width, 3, g=width, act=False)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        n = h * w
        q, k, v = (
            self.qkv(x)
            .view(b, self.num_heads, self.key_dim * 2 + self.head_dim, n)
            .split([self.key_dim, self.key_dim, self.head_dim], dim=2)
        )
        weights = ((q.transpose(-2, -1) @ k) * self.scale).softmax(dim=-1)
        x = (v @ weights.transpose(-2, -1)).view(b, c, h, w) + self.pe(v.reshape(b, c, h, w))
        return self.proj(x)


class PartialAttention(nn.Module):
    """Attention for half of the channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c = width // 2
        self.cv1, self.cv2, self.attn = Conv(width, width), Conv(width, width), Attention(self.c, self.c // 64)
        self.ffn = nn.Sequential(Conv(self.c, 2 * self.c), Conv(2 * self.c, self.c, act=False))

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.cv1(x).split((self.c, self.c), dim=1)
        b = b + self.attn(b)
        b = b + self.ffn(b)
        return self.cv2(torch.cat((a, b), 1))


class Distances(nn.Module):
    """The expected distance of a distribution over bins, by a convolution with fixed weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(BINS, 1, 1, bias=False).requires_grad_(False)
        self.conv.weight.data[:] = torch.arange(BINS, dtype=torch.float).view(1, BINS, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        b, _, anchors = x.shape
        return self.conv(x.view(b, 4, BINS, anchors).transpose(2, 1).softmax(1)).view(b, 4, anchors)


class Detect(nn.Module):
    """One head that answers once for each object, and one that answers many times; both run in eval mode."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.nc, self.no = CLASSES, CLASSES + 4 * BINS
        boxes, scores = max(16, widths[0] // 4, BINS * 4), max(widths[0], min(self.nc, 100))
        self.cv2 = nn.ModuleList(
            nn.Sequential(Conv(x, boxes, 3), Conv(boxes, boxes, 3), nn.Conv2d(boxes, 4 * BINS, 1)) for x in widths
        )
        self.cv3 = nn.ModuleList(
            nn.Sequential(
                nn.Sequential(Conv(x, x, 3, g=x), Conv(x, scores)),
                nn.Sequential(Conv(scores, scores, 3, g=scores), Conv(scores, scores)),
                nn.Conv2d(scores, self.nc, 1),
            )
            for x in widths
        )
        self.dfl = Distances()
        self.one2one_cv2, self.one2one_cv3 = copy.deepcopy(self.cv2), copy.deepcopy(self.cv3)

    def forward(self, x: list[Tensor]) -> tuple[Tensor, dict[str, list[Tensor]]]:
        detached = [level.detach() for level in x]
        once = self.heads(detached, self.one2one_cv2, self.one2one_cv3)
        many = self.heads(x, self.cv2, self.cv3)
        return self.decode(once), {"one2many": many, "one2one": once}

    def heads(self, x: list[Tensor], boxes: nn.ModuleList, scores: nn.ModuleList) -> list[Tensor]:
        return [torch.cat((box(level), score(level)), 1) for level, box, score in zip(x, boxes, scores, strict=True)]

    def decode(self, x: list[Tensor]) -> Tensor:
        joined = torch.cat([level.view(x[0].shape[0], self.no, -1) for level in x], 2)
        anchors, strides = (part.transpose(0, 1) for part in self.anchors(x))
        box, score = joined.split((BINS * 4, self.nc), 1)
        near, far = self.dfl(box).chunk(2, 1)
        boxes = torch.cat((anchors.unsqueeze(0) - near, anchors.unsqueeze(0) + far), 1) * strides
        return torch.cat((boxes, score.sigmoid()), 1)

    def anchors(self, x: list[Tensor]) -> tuple[Tensor, Tensor]:
        points, strides = [], []
        for level, stride in zip(x, STRIDES, strict=True):
            h, w = level.shape[2:]
            sx = torch.arange(end=w, device=level.device, dtype=level.dtype) + 0.5
            sy = torch.arange(end=h, device=level.device, dtype=level.dtype) + 0.5
            sy, sx = torch.meshgrid(sy, sx, indexing="ij")
            points.append(torch.stack((sx, sy), -1).view(-1, 2))
            strides.append(torch.full((h * w, 1), stride, dtype=level.dtype, device=level.device))
        return torch.cat(points), torch.cat(strides)


LAYERS: tuple[tuple[Any, Any], ...] = (
    (-1, lambda: Conv(3, 16, 3, 2)),
    (-1, lambda: Conv(16, 32, 3, 2)),
    (-1, lambda: C2f(32, 32, 1, True)),
    (-1, lambda: Conv(32, 64, 3, 2)),
    (-1, lambda: C2f(64, 64, 2, True)),
    (-1, lambda: ScaleDown(64, 128)),
    (-1, lambda: C2f(128, 128, 2, True)),
    (-1, lambda: ScaleDown(128, 256)),
    (-1, lambda: C2f(256, 256, 1, True)),
    (-1, lambda: Pooling(256)),
    (-1, lambda: PartialAttention(256)),
    (-1, lambda: nn.Upsample(scale_factor=2, mode="nearest")),
    ((-1, 6), None),
    (-1, lambda: C2f(384, 128, 1)),
    (-1, lambda: nn.Upsample(scale_factor=2, mode="nearest")),
    ((-1, 4), None),
    (-1, lambda: C2f(192, 64, 1)),
    (-1, lambda: Conv(64, 64, 3, 2)),
    ((-1, 13), None),
    (-1, lambda: C2f(192, 128, 1)),
    (-1, lambda: ScaleDown(128, 128)),
    ((-1, 10), None),
    (-1, lambda: C2f(384, 256, 1, True, True)),
    ((16, 19, 22), lambda: Detect((64, 128, 256))),
)
"""Where each layer reads, and what it is; nothing stands for joining what it reads."""


class Joining(nn.Module):
    """Lays what it reads behind each other."""

    def forward(self, x: list[Tensor]) -> Tensor:
        return torch.cat(x, 1)


class Yolo(nn.Module):
    """Input ``(n, 3, 640, 640)``; boxes with a score for each class, and what both heads made of each scale.

    Which of the boxes are best is chosen behind the network, as its authors do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.ModuleList(Joining() if make is None else make() for _, make in LAYERS)

    def forward(self, x: Tensor) -> Any:
        values: list[Any] = []
        for (source, _), layer in zip(LAYERS, self.model, strict=True):
            value: Any = x if source == -1 else [x if place == -1 else values[place] for place in source]
            x = layer(value)
            values.append(x)
        return x


def yolo_v10() -> nn.Module:
    """YOLOv10n: 2.8 million parameters with both heads."""
    return Yolo()
