"""Language models of two decoder layers: grouped heads, rotary positions, RMSNorm by hand, a gated MLP."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), 1e-6

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


class Rotary(nn.Module):
    """Angles of each token and pair of channels of a head."""

    def __init__(self, size):
        super().__init__()
        self.register_buffer("frequencies", 1 / 100 ** (torch.arange(0, size, 2) / size), persistent=False)

    def forward(self, x, places):
        frequencies = self.frequencies[None, :, None].expand(places.shape[0], -1, 1)
        angles = (frequencies.to(x) @ places[:, None, :].to(x)).transpose(1, 2)
        angles = torch.cat((angles, angles), -1)
        return angles.cos(), angles.sin()


def turned(x, cos, sin):
    first, second = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
    return x * cos.unsqueeze(1) + torch.cat((-second, first), -1) * sin.unsqueeze(1)


def repeated(x, times):
    n, heads, tokens, size = x.shape
    if times == 1:
        return x
    return x[:, :, None, :, :].expand(n, heads, times, tokens, size).reshape(n, heads * times, tokens, size)


class Layer(nn.Module):
    """The number of heads is read off the tensors, how many share a head of keys is not."""

    def __init__(self, of):
        super().__init__()
        heads, groups, size, width = of.heads, of.groups, of.size, of.heads * of.size
        self.times, self.size, self.heads, self.groups = heads // groups, size, heads, groups
        self.before, self.between = Norm(width), Norm(width)
        self.q = nn.Linear(width, heads * size, bias=of.bias)
        self.k, self.v = (nn.Linear(width, groups * size, bias=of.bias) for _ in range(2))
        self.o = nn.Linear(heads * size, width, bias=False)
        self.gate, self.up = (nn.Linear(width, of.hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(of.hidden, width, bias=False)

    def forward(self, x, turn, mask):
        x = x + self.attend(self.before(x), turn, mask)
        y = self.between(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))

    def attend(self, x, turn, mask):
        shape = (*x.shape[:-1], -1, self.size)
        q, k, v = (layer(x).view(shape).transpose(1, 2) for layer in (self.q, self.k, self.v))
        y = self.mix(turned(q, *turn), repeated(turned(k, *turn), self.times), repeated(v, self.times), mask)
        return self.o(y.transpose(1, 2).reshape(*x.shape[:-1], -1).contiguous())

    def mix(self, q, k, v, mask):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)


class Decoder(nn.Module):
    heads, groups, size, hidden, bias, tied, layer = 8, 2, 4, 112, False, False, Layer

    def __init__(self):
        super().__init__()
        width = self.heads * self.size
        self.embed, self.layers = nn.Embedding(11, width), nn.ModuleList([self.layer(self), self.layer(self)])
        self.norm, self.turn = Norm(width), Rotary(self.size)
        self.head = nn.Linear(width, 11, bias=False)
        if self.tied:
            self.head.weight = self.embed.weight

    def forward(self, tokens):
        x = self.embed(tokens)
        places = torch.arange(tokens.shape[1], device=tokens.device).unsqueeze(0)
        turn, mask = self.turn(x, places), self.mask(x)
        for layer in self.layers:
            x = layer(x, turn, mask)
        return self.head(self.norm(x))

    def mask(self, x):
        """None where attention itself hides what follows."""


LAYER = """
    layers.{0}.q | {groups} heads | layers.{0}.q> layers.{0}.k> layers.{0}.v> >layers.{0}.o {heads_fate}
    layers.{0}.gate | {hidden} | layers.{0}.gate> layers.{0}.up> >layers.{0}.down
"""
STREAM = """
    layers.{0}.before >layers.{0}.q >layers.{0}.k >layers.{0}.v layers.{0}.o> layers.{0}.between >layers.{0}.gate
    >layers.{0}.up layers.{0}.down>
"""
READ = "    head | 11 | head> | network output\n"


def table(width, groups, hidden, head=READ, fate=""):
    stream = " ".join((STREAM.format(0) + STREAM.format(1)).split())
    layers = "".join(LAYER.format(i, groups=groups, hidden=hidden, heads_fate=fate) for i in (0, 1))
    return f"    embed | {width} | embed> {stream} norm{' >head' if head else ''}\n" + layers + head


@net(table(32, 2, 112), (6,), tokens=11)
class Llama(Decoder):
    """The widths of Llama 3, a hundredth of each: four query heads to each head of keys."""


@net(table(32, 8, 86), (6,), tokens=11)
class Llama2(Decoder):
    """Every query head has keys of its own."""

    groups, hidden = 8, 86


class Eager(Layer):
    """Numbers of heads as attributes, attention as two products with a mask."""

    def attend(self, x, turn, mask):
        n, t, _ = x.shape
        q = self.q(x).view(n, t, self.heads, self.size).transpose(1, 2)
        k, v = (layer(x).view(n, t, self.groups, self.size).transpose(1, 2) for layer in (self.k, self.v))
        q, k = turned(q, *turn), turned(k, *turn)
        weights = torch.matmul(q, repeated(k, self.times).transpose(2, 3)) / self.size**0.5 + mask
        y = torch.matmul(F.softmax(weights, dim=-1), repeated(v, self.times))
        return self.o(y.transpose(1, 2).contiguous().reshape(n, t, self.heads * self.size))


@net(table(32, 2, 112, fate="| graph"), (6,), tokens=11)
class Mistral(Decoder):
    """A token sees itself and the two before it."""

    layer = Eager

    def mask(self, x):
        hidden = torch.full((x.shape[1], x.shape[1]), -1e9, dtype=x.dtype, device=x.device)
        return (hidden.triu(1) + hidden.tril(-3))[None, None, :, :]


@net(table(28, 2, 152, head=""), (6,), tokens=11)
class Qwen2(Decoder):
    """Fourteen heads on two of keys, biases of query, key and value, and a table that answers too."""

    heads, groups, size, hidden, bias, tied = 14, 2, 2, 152, True, True


class Interleaved(Layer):
    """Pairs of neighbouring channels turn as complex numbers; copies by repeating."""

    def attend(self, x, turn, mask):
        n, t, _ = x.shape
        q, k, v = (layer(x).view(n, t, -1, self.size) for layer in (self.q, self.k, self.v))
        cos, sin = (part[..., : self.size // 2].unsqueeze(2) for part in turn)
        q, k = (
            torch.view_as_real(torch.view_as_complex(y.reshape(*y.shape[:-1], -1, 2)) * torch.complex(cos, sin))
            .flatten(3)
            .transpose(1, 2)
            for y in (q, k)
        )
        k, v = (y.repeat_interleave(self.times, 1) for y in (k, v.transpose(1, 2)))
        return self.o(self.mix(q, k, v, mask).transpose(1, 2).flatten(2))


@net(table(32, 2, 112), (6,), tokens=11)
class LlamaOfComplexNumbers(Decoder):
    layer = Interleaved
