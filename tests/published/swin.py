"""Swin (arXiv:2103.14030) and SwinV2 (arXiv:2111.09883): shifted windows, with sizes fixed as torchvision does."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS, DEPTHS, HEADS = (96, 192, 384, 768), (2, 2, 6, 2), (3, 6, 12, 24)
TINY = tuple(zip(WIDTHS, DEPTHS, HEADS, strict=True))


class WindowAttention(nn.Module):
    """Attention inside windows that are shifted in every other block."""

    def __init__(self, width: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        axis = torch.arange(window)
        places = torch.stack(torch.meshgrid(axis, axis, indexing="ij")).flatten(1)
        apart = (places[:, :, None] - places[:, None, :]).permute(1, 2, 0) + window - 1
        self.register_buffer("index", (apart[..., 0] * (2 * window - 1) + apart[..., 1]).flatten())
        self.make_bias(heads, window)

    def make_bias(self, heads: int, window: int) -> None:
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.table, std=0.02)

    def bias(self) -> Tensor:
        n = self.window**2
        return self.table[self.index].view(n, n, -1).permute(2, 0, 1).contiguous().unsqueeze(0)

    def parts(self, x: Tensor) -> Tensor:
        c = x.shape[-1]
        qkv = F.linear(x, self.qkv.weight, self.qkv.bias)
        return qkv.reshape(x.size(0), x.size(1), 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)

    def scores(self, q: Tensor, k: Tensor, width: int) -> Tensor:
        return (q * (width // self.heads) ** -0.5).matmul(k.transpose(-2, -1))

    def mask(self, x: Tensor, height: int, width: int, shift: int) -> Tensor:
        """Number the regions that the shift brought together; windows look at their own only."""
        w = self.window
        mask = x.new_zeros((height, width))
        count = 0
        for rows in ((0, -w), (-w, -shift), (-shift, None)):
            for columns in ((0, -w), (-w, -shift), (-shift, None)):
                mask[rows[0] : rows[1], columns[0] : columns[1]] = count
                count += 1
        mask = mask.view(height // w, w, width // w, w).permute(0, 2, 1, 3).reshape(-1, w * w)
        mask = mask.unsqueeze(1) - mask.unsqueeze(2)
        return mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        b, h, w, c = x.shape
        size = self.window
        x = F.pad(x, (0, 0, 0, (size - w % size) % size, 0, (size - h % size) % size))
        _, height, width, _ = x.shape
        shift = 0 if size >= height else self.shift
        if shift:
            x = torch.roll(x, shifts=(-shift, -shift), dims=(1, 2))
        windows = (height // size) * (width // size)
        x = x.view(b, height // size, size, width // size, size, c)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(b * windows, size * size, c)
        qkv = self.parts(x)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = self.scores(q, k, c) + self.bias()
        if shift:
            mask = self.mask(x, height, width, shift)
            scores = scores.view(x.size(0) // windows, windows, self.heads, x.size(1), x.size(1))
            scores = scores + mask.unsqueeze(1).unsqueeze(0)
            scores = scores.view(-1, self.heads, x.size(1), x.size(1))
        scores = F.dropout(F.softmax(scores, dim=-1), p=0.0, training=self.training)
        x = scores.matmul(v).transpose(1, 2).reshape(x.size(0), x.size(1), c)
        x = F.linear(x, self.proj.weight, self.proj.bias)
        x = x.view(b, height // size, width // size, size, size, c)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(b, height, width, c)
        if shift:
            x = torch.roll(x, shifts=(shift, shift), dims=(1, 2))
        return x[:, :h, :w, :].contiguous()


class CosineWindowAttention(WindowAttention):
    """Attention by angles, with a bias that an MLP computes of log-spaced distances."""

    def make_bias(self, heads: int, window: int) -> None:
        self.logit_scale = nn.Parameter(torch.log(10 * torch.ones(heads, 1, 1)))
        self.cpb_mlp = nn.Sequential(nn.Linear(2, 512), nn.ReLU(inplace=True), nn.Linear(512, heads, bias=False))
        axis = torch.arange(-(window - 1), window, dtype=torch.float32)
        table = torch.stack(torch.meshgrid(axis, axis, indexing="ij")).permute(1, 2, 0) / (window - 1) * 8
        self.register_buffer("table", torch.sign(table) * torch.log2(table.abs() + 1) / 3)
        length = self.qkv.bias.numel() // 3
        self.qkv.bias[length : 2 * length].data.zero_()

    def bias(self) -> Tensor:
        n = self.window**2
        bias = self.cpb_mlp(self.table).view(-1, self.heads)[self.index].view(n, n, -1)
        return 16 * torch.sigmoid(bias.permute(2, 0, 1).contiguous().unsqueeze(0))

    def parts(self, x: Tensor) -> Tensor:
        c = x.shape[-1]
        bias = self.qkv.bias.clone()
        length = bias.numel() // 3
        bias[length : 2 * length].zero_()
        qkv = F.linear(x, self.qkv.weight, bias)
        return qkv.reshape(x.size(0), x.size(1), 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)

    def scores(self, q: Tensor, k: Tensor, width: int) -> Tensor:
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        return scores * torch.clamp(self.logit_scale, max=math.log(100.0)).exp()


class Block(nn.Module):
    """Windows, then an MLP; SwinV2 normalises what is added, Swin what is read."""

    def __init__(self, attention: type[WindowAttention], width: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.norm_after = attention is CosineWindowAttention
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = attention(width, heads, window, shift)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        if self.norm_after:
            x = x + self.norm1(self.attn(x))
            return x + self.norm2(self.mlp(x))
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchMerging(nn.Module):
    """Four neighbours become one position of twice the width."""

    def __init__(self, width: int, norm_after: bool) -> None:
        super().__init__()
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)
        self.norm, self.norm_after = nn.LayerNorm((2 if norm_after else 4) * width), norm_after

    def forward(self, x: Tensor) -> Tensor:
        h, w, _ = x.shape[-3:]
        x = F.pad(x, (0, 0, 0, w % 2, 0, h % 2))
        x = torch.cat([x[..., a::2, b::2, :] for b in (0, 1) for a in (0, 1)], -1)
        return self.norm(self.reduction(x)) if self.norm_after else self.reduction(self.norm(x))


class Swin(nn.Module):
    """Input ``(n, 3, height, width)``, output ``(n, 1000)``."""

    def __init__(
        self, attention: type[WindowAttention], window: int, stages: Sequence[tuple[int, int, int]] = TINY
    ) -> None:
        super().__init__()
        width = stages[0][0]
        self.patch, self.patch_norm = nn.Conv2d(3, width, 4, 4), nn.LayerNorm(width)
        layers: list[nn.Module] = []
        for number, (width, depth, heads) in enumerate(stages):
            if number:
                layers.append(PatchMerging(stages[number - 1][0], attention is CosineWindowAttention))
            shifts = [window // 2 * (block % 2) for block in range(depth)]
            layers.append(nn.Sequential(*(Block(attention, width, heads, window, shift) for shift in shifts)))
        self.features, self.norm, self.head = nn.Sequential(*layers), nn.LayerNorm(width), nn.Linear(width, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch_norm(self.patch(x).permute(0, 2, 3, 1))
        return self.head(self.norm(self.features(x)).permute(0, 3, 1, 2).mean((2, 3)))


def swin() -> nn.Module:
    """Swin-T: 28 million parameters."""
    return Swin(WindowAttention, 7)


def swin_v2() -> nn.Module:
    """SwinV2-T: 28 million parameters."""
    return Swin(CosineWindowAttention, 8)
