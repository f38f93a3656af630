"""Vision transformers that give a bias by relative position to fused attention as its mask: BEiT and Swin."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


def relative(side):
    """Number the pairs of places on a square by how far they are apart, ``(side², side²)``."""
    place = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")).flatten(1)
    away = (place[:, :, None] - place[:, None, :]) + side - 1
    return away[0] * (2 * side - 1) + away[1]


class BeitLayer(nn.Module):
    """Keys have no bias, branches have a learned scale, the table of 3×3 places is stretched to 5×5."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(width, width, bias=False), nn.Linear(width, width)
        self.o, self.n1, self.n2 = nn.Linear(width, width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.scale1, self.scale2 = nn.Parameter(torch.ones(width)), nn.Parameter(torch.ones(width))
        self.table = nn.Parameter(torch.randn(9 + 3, heads))
        index = torch.full((10, 10), 25)
        index[0, 1:], index[1:, 0], index[1:, 1:] = 26, 27, relative(3)
        self.register_buffer("index", index, persistent=False)

    def bias(self):
        near = self.table[:9].reshape(1, 3, 3, -1).permute(0, 3, 1, 2)
        near = F.interpolate(near, size=(5, 5), mode="bilinear").permute(0, 2, 3, 1).reshape(25, -1)
        table = torch.cat([near, self.table[9:]])
        return table[self.index.view(-1)].view(10, 10, self.heads).permute(2, 0, 1).contiguous().unsqueeze(0)

    def attend(self, x):
        n = x.shape[0]
        q, k, v = (layer(x).view(n, -1, self.heads, self.size).transpose(1, 2) for layer in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias(), scale=self.size**-0.5)
        return self.o(y.permute(0, 2, 1, 3).contiguous().view(n, -1, self.heads * self.size))

    def forward(self, x):
        x = x + self.scale1 * self.attend(self.n1(x))
        return x + self.scale2 * self.narrow(F.gelu(self.wide(self.n2(x))))


BEIT = """
    layers.{0}.n1 >layers.{0}.q >layers.{0}.k >layers.{0}.v layers.{0}.o> layers.{0}.scale1:0 layers.{0}.n2
    >layers.{0}.wide layers.{0}.narrow> layers.{0}.scale2:0
"""
BEIT_LAYER = """
    layers.{0}.q | 3 heads | layers.{0}.q> layers.{0}.k> layers.{0}.v> layers.{0}.table:1 >layers.{0}.o | graph
    layers.{0}.wide | 48 | layers.{0}.wide> >layers.{0}.narrow
"""


@net(
    f"    patch | 12 | patch> token:2 {' '.join((BEIT.format(0) + BEIT.format(1)).split())} norm >head\n"
    + BEIT_LAYER.format(0) + BEIT_LAYER.format(1) + "    head | 4 | head> | network output",
    (3, 6, 6),
)  # fmt: skip
class Beit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.token = nn.Conv2d(3, 12, 2, 2), nn.Parameter(torch.zeros(1, 1, 12))
        self.layers = nn.ModuleList([BeitLayer(12, 3), BeitLayer(12, 3)])
        self.norm, self.head = nn.LayerNorm(12), nn.Linear(12, 4)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), 1)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x[:, 1:].mean(1)))


class SwinLayer(nn.Module):
    """Windows of 2×2; every second layer shifts them, and hides from each other what did not touch before."""

    def __init__(self, width, heads, shift):
        super().__init__()
        self.heads, self.size, self.shift = heads, width // heads, shift
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.table = nn.Parameter(torch.randn(9, heads))
        self.register_buffer("index", relative(2))

    def hidden(self, x):
        _, h, w, _ = x.shape
        areas = torch.zeros((1, h, w, 1), dtype=x.dtype, device=x.device)
        for i, rows in enumerate((slice(0, -2), slice(-2, -1), slice(-1, None))):
            for j, columns in enumerate((slice(0, -2), slice(-2, -1), slice(-1, None))):
                areas[:, rows, columns, :] = 3 * i + j
        areas = windows(areas).view(-1, 4)
        away = areas.unsqueeze(1) - areas.unsqueeze(2)
        return away.masked_fill(away != 0, -100.0).masked_fill(away == 0, 0.0)

    def attend(self, x, hidden):
        n = x.shape[0]
        q, k, v = (layer(x).view(n, -1, self.heads, self.size).transpose(1, 2) for layer in (self.q, self.k, self.v))
        mask = self.table[self.index.view(-1)].view(4, 4, -1).permute(2, 0, 1).contiguous().unsqueeze(0)
        if hidden is not None:
            count = hidden.shape[0]
            mask = (mask + hidden.unsqueeze(1)).unsqueeze(0).expand(n // count, -1, -1, -1, -1).flatten(0, 1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.o(y.transpose(1, 2).reshape(n, -1, self.heads * self.size))

    def forward(self, x):
        n, h, w, c = x.shape
        y = self.n1(x)
        if self.shift:
            y = torch.roll(y, (-1, -1), (1, 2))
        y = self.attend(windows(y), self.hidden(y) if self.shift else None)
        y = y.view(n, h // 2, w // 2, 2, 2, c).permute(0, 1, 3, 2, 4, 5).contiguous().view(n, h, w, c)
        x = x + (torch.roll(y, (1, 1), (1, 2)) if self.shift else y)
        return x + self.narrow(F.gelu(self.wide(self.n2(x))))


def windows(x):
    n, h, w, c = x.shape
    return x.view(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, 4, c)


def stage(i, heads, width):
    first, second = f"stages.{i}.0", f"stages.{i}.1"
    rows = "".join(
        f"    {p}.q | {heads} heads | {p}.q> {p}.k> {p}.v> {p}.table:1 >{p}.o | graph\n"
        f"    {p}.wide | {4 * width} | {p}.wide> >{p}.narrow\n"
        for p in (first, second)
    )
    stream = " ".join(f"{p}.n1 >{p}.q >{p}.k >{p}.v {p}.o> {p}.n2 >{p}.wide {p}.narrow>" for p in (first, second))
    return stream, rows


FIRST, SECOND = stage(0, 2, 8), stage(1, 4, 16)


@net(
    f"    patch | 8 | patch> {FIRST[0]} merge_norm >merge\n{FIRST[1]}"
    f"    merge | 16 | merge> {SECOND[0]} norm >head\n{SECOND[1]}    head | 3 | head> | network output",
    (3, 8, 8),
)
class SwinByMask(nn.Module):
    """Two stages of two layers; between them four patches become one of twice the width."""

    def __init__(self):
        super().__init__()
        self.patch, self.merge_norm, self.merge = nn.Conv2d(3, 8, 1), nn.LayerNorm(32), nn.Linear(32, 16, bias=False)
        self.stages = nn.ModuleList(
            nn.ModuleList([SwinLayer(width, heads, 0), SwinLayer(width, heads, 1)])
            for width, heads in ((8, 2), (16, 4))
        )
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 3)

    def forward(self, x):
        x = self.patch(x).permute(0, 2, 3, 1)
        for layer in self.stages[0]:
            x = layer(x)
        x = self.merge(self.merge_norm(torch.cat([x[:, a::2, b::2] for b in (0, 1) for a in (0, 1)], -1)))
        for layer in self.stages[1]:
            x = layer(x)
        return self.head(self.norm(x).mean((1, 2)))
