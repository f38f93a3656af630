"""MobileViT-S (arXiv:2110.02178): convolutions, and transformers over patches that views lay out, as timm does."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PATCH = 2


def conv(inputs: int, outputs: int, size: int = 1, stride: int = 1, groups: int = 1, act: bool = True) -> nn.Sequential:
    """A convolution with its normalisation and, mostly, SiLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *[nn.SiLU()] * act)


class Inverted(nn.Module):
    """MobileNetV2's block: wider, depthwise, narrow again."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.expand, self.depthwise = conv(inputs, 4 * inputs), conv(4 * inputs, 4 * inputs, 3, stride, 4 * inputs)
        self.project = conv(4 * inputs, outputs, act=False)
        self.same = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.same else y


class Attention(nn.Module):
    """Fused attention; the size of a head is fixed."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, width // heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4).unbind(0)
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(b, n, c))


class Layer(nn.Module):
    """One layer of a transformer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.attn = nn.LayerNorm(width), nn.LayerNorm(width), Attention(width)
        self.fc1, self.fc2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.fc2(F.silu(self.fc1(self.norm2(x))))


class MobileVitBlock(nn.Module):
    """Every pixel of a patch looks at the same pixels of all patches."""

    def __init__(self, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        self.conv_kxk, self.conv_1x1 = conv(inputs, inputs, 3), nn.Conv2d(inputs, width, 1, bias=False)
        self.transformer, self.norm = nn.Sequential(*(Layer(width) for _ in range(depth))), nn.LayerNorm(width)
        self.conv_proj, self.conv_fusion = conv(width, inputs), conv(2 * inputs, inputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        x = self.conv_1x1(self.conv_kxk(x))
        b, c, h, w = x.shape
        rows, columns = math.ceil(h / PATCH), math.ceil(w / PATCH)
        patches, area = rows * columns, PATCH**2
        x = x.reshape(b * c * rows, PATCH, columns, PATCH).transpose(1, 2)
        x = x.reshape(b, c, patches, area).transpose(1, 3).reshape(b * area, patches, -1)
        x = self.norm(self.transformer(x))
        x = x.contiguous().view(b, area, patches, -1)
        x = x.transpose(1, 3).reshape(b * c * rows, columns, PATCH, PATCH)
        x = x.transpose(1, 2).reshape(b, c, rows * PATCH, columns * PATCH)
        return self.conv_fusion(torch.cat((shortcut, self.conv_proj(x)), dim=1))


class MobileVit(nn.Module):
    """Input ``(n, 3, 256, 256)``, output ``(n, 1000)``."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 16, 3, 2)
        self.stages = nn.Sequential(
            Inverted(16, 32),
            Inverted(32, 64, 2),
            Inverted(64, 64),
            Inverted(64, 64),
            Inverted(64, 96, 2),
            MobileVitBlock(96, 144, 2),
            Inverted(96, 128, 2),
            MobileVitBlock(128, 192, 4),
            Inverted(128, 160, 2),
            MobileVitBlock(160, 240, 3),
        )
        self.final, self.head = conv(160, 640), nn.Linear(640, 1000)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.final(self.stages(self.stem(x))).mean((2, 3)))


def mobilevit() -> nn.Module:
    """MobileViT-S: 5.6 million parameters."""
    return MobileVit()
