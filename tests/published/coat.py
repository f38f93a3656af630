"""CoaT-lite Tiny (arXiv:2104.06399): factorised attention with convolutions for the positions, as its authors do."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STAGES = ((64, 8, 4), (128, 8, 2), (256, 4, 2), (320, 4, 2))
"""Width, how much wider the MLP is, and stride of each stage."""
HEADS, DEPTH = 8, 2
WINDOWS = {3: 2, 5: 3, 7: 3}
"""Size of a convolution of positions, and how many heads have it."""


class PositionEncoding(nn.Module):
    """Adds a depthwise convolution of the image, past the class token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(width, width, 3, 1, 1, groups=width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        b, _, c = x.shape
        token, image = x[:, :1], x[:, 1:]
        image = image.transpose(1, 2).view(b, c, *size)
        image = (self.proj(image) + image).flatten(2).transpose(1, 2)
        return torch.cat((token, image), dim=1)


class RelativePositions(nn.Module):
    """Convolutions of the values, some heads with each size of window."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.splits = [heads * width // HEADS for heads in WINDOWS.values()]
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, size, padding=size // 2, groups=channels)
            for size, channels in zip(WINDOWS, self.splits, strict=True)
        )

    def forward(self, q: Tensor, v: Tensor, size: tuple[int, int]) -> Tensor:
        b, heads, _, c = q.shape
        h, w = size
        q, v = q[:, :, 1:, :], v[:, :, 1:, :]
        parts = torch.split(v.transpose(-1, -2).reshape(b, heads * c, h, w), self.splits, dim=1)
        v = torch.cat([conv(part) for conv, part in zip(self.convs, parts, strict=True)], dim=1)
        v = v.reshape(b, heads, c, h * w).transpose(-1, -2)
        return F.pad(q * v, (0, 0, 1, 0, 0, 0))


class FactorisedAttention(nn.Module):
    """Keys are weighed over positions, so that the product costs as much as there are positions."""

    def __init__(self, width: int, positions: RelativePositions) -> None:
        super().__init__()
        self.heads, self.scale = HEADS, (width // HEADS) ** -0.5
        self.qkv, self.proj, self.crpe = nn.Linear(width, 3 * width), nn.Linear(width, width), positions

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        factors = k.softmax(dim=2).transpose(-1, -2) @ v
        x = self.scale * (q @ factors) + self.crpe(q, v, size=size)
        return self.proj(x.transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    """One serial block; the encodings of positions are its stage's."""

    def __init__(self, width: int, ratio: int, encoding: PositionEncoding, positions: RelativePositions) -> None:
        super().__init__()
        self.cpe, self.norm1, self.norm2 = encoding, nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = FactorisedAttention(width, positions)
        self.mlp = nn.Sequential(nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width))

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = self.cpe(x, size)
        x = x + self.attn(self.norm1(x), size)
        return x + self.mlp(self.norm2(x))


class Stage(nn.Module):
    """Patches, a class token, and blocks."""

    def __init__(self, inputs: int, width: int, ratio: int, stride: int) -> None:
        super().__init__()
        self.patch, self.norm = nn.Conv2d(inputs, width, stride, stride), nn.LayerNorm(width)
        self.token = nn.Parameter(torch.randn(1, 1, width) / 50)
        encoding, positions = PositionEncoding(width), RelativePositions(width)
        self.blocks = nn.ModuleList(Block(width, ratio, encoding, positions) for _ in range(DEPTH))

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        x = self.patch(x)
        h, w = x.shape[-2:]
        x = self.norm(x.flatten(2).transpose(1, 2))
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), dim=1)
        for block in self.blocks:
            x = block(x, (h, w))
        return x, (h, w)


class Coat(nn.Module):
    """Input ``(n, 3, 224, 224)``, output ``(n, 1000)``."""

    def __init__(self, stages: tuple[tuple[int, int, int], ...] = STAGES) -> None:
        super().__init__()
        inputs = [3, *(width for width, _, _ in stages)]
        self.stages = nn.ModuleList(Stage(n, *stage) for n, stage in zip(inputs, stages, strict=False))
        self.norm, self.head = nn.LayerNorm(inputs[-1], eps=1e-6), nn.Linear(inputs[-1], 1000)

    def forward(self, x: Tensor) -> Tensor:
        b = x.shape[0]
        for number, stage in enumerate(self.stages):
            x, (h, w) = stage(x)
            if number < len(self.stages) - 1:
                x = x[:, 1:, :].reshape(b, h, w, -1).permute(0, 3, 1, 2).contiguous()
        return self.head(self.norm(x)[:, 0])


def coat_lite() -> nn.Module:
    """CoaT-lite Tiny: 5.7 million parameters."""
    return Coat()
