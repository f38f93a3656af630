"""Attention heads: several that share keys and values, and what is added to their scores."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net


class Attention(nn.Module):
    """Five tokens; four query heads of three channels, two heads of keys and values; how they meet varies."""

    heads = 2

    def __init__(self):
        super().__init__()
        self.a, self.q = nn.Linear(2, 5), nn.Linear(5, 12)
        self.k, self.v = nn.Linear(5, 3 * self.heads), nn.Linear(5, 3 * self.heads)
        self.o, self.out = nn.Linear(12, 4), nn.Linear(4, 2)
        self.more()

    def more(self):
        """What else there is."""

    def forward(self, x):
        x = F.relu(self.a(x))
        q, k, v = (layer(x).unflatten(-1, (-1, 3)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        return self.out(F.relu(self.o(self.attend(q, k, v).transpose(1, 2).flatten(2))))


TABLE = """
    a | 5 | a> >q >k >v
    q | {} heads | q> k> v> {} >o {}
    o | 4 | o> >out
    out | 2 | out> | network output
"""
GROUPED = TABLE.format(2, "", "")
TOKENS = (5, 2)


def copies(x, times):
    n, heads, tokens, width = x.shape
    return x[:, :, None, :, :].expand(n, heads, times, tokens, width).reshape(n, heads * times, tokens, width)


@net(GROUPED, TOKENS)
class GroupedByExpand(Attention):
    def attend(self, q, k, v):
        return F.scaled_dot_product_attention(q, copies(k, 2), copies(v, 2))


@net(GROUPED, TOKENS)
class GroupedByRepeat(Attention):
    def attend(self, q, k, v):
        return F.scaled_dot_product_attention(q, k.repeat_interleave(2, 1), v.repeat_interleave(2, dim=1))


@net(GROUPED, TOKENS)
class GroupedByFlag(Attention):
    def attend(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, enable_gqa=True)


@net(GROUPED, TOKENS)
class GroupedByHand(Attention):
    """Two products and a softmax."""

    def attend(self, q, k, v):
        return (q @ copies(k, 2).transpose(-1, -2) * 3**-0.5).softmax(-1) @ copies(v, 2)


@net(TABLE.format(2, "", "| graph"), TOKENS)
class GroupedByNumber(Attention):
    """The numbers of heads are written down."""

    def attend(self, q, k, v):
        n, _, t, _ = q.shape
        k, v = (x[:, :, None].expand(n, 2, 2, t, 3).reshape(n, 4, t, 3) for x in (k, v))
        return F.scaled_dot_product_attention(q, k, v)


@net("""
    a | 5 | a> >q >k >v
    q | 4 heads | q> >o
    k | 3 | k> | channels inside an attention head
    v | 3 | v> | channels inside an attention head
    o | 4 | o> >out
    out | 2 | out> | network output
""", TOKENS)  # fmt: skip
class OneForAll(Attention):
    """A single head of keys and values (multi-query attention): query heads go one by one."""

    heads = 1

    def attend(self, q, k, v):
        return F.scaled_dot_product_attention(q, k.expand(-1, q.shape[1], -1, -1), v.expand(-1, q.shape[1], -1, -1))


class Whole(Attention):
    heads = 4

    def attend(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask(q))


@net(TABLE.format(4, "bias:0", ""), TOKENS)
class BiasForEachHead(Whole):
    """A learned bias for each head and each pair of tokens."""

    def more(self):
        self.bias = nn.Parameter(torch.randn(4, 5, 5))

    def mask(self, q):
        return self.bias


@net(TABLE.format(4, "", ""), TOKENS)
class BiasForAllHeads(Whole):
    def more(self):
        self.bias = nn.Parameter(torch.randn(1, 5, 5))

    def mask(self, q):
        return self.bias


@net(TABLE.format(4, "table>", ""), TOKENS)
class BiasByDistance(Whole):
    """A table with a column for each head, looked up by distance; the future is hidden."""

    def more(self):
        self.table = nn.Embedding(9, 4)

    def mask(self, q):
        place = torch.arange(q.shape[2], device=q.device)
        bias = self.table(place[None] - place[:, None] + 4).permute(2, 0, 1).unsqueeze(0)
        return bias.masked_fill(place[None] > place[:, None], -1e9)


@net(TABLE.format(4, "", "| graph"), TOKENS)
class MaskForEachHead(Whole):
    """The same mask is laid out for every head, as many as the code says."""

    def mask(self, q):
        seen = q.new_ones(q.shape[2], q.shape[2], dtype=torch.bool).tril()
        return seen.view(1, 1, 5, 5).expand(q.shape[0], 4, -1, -1)


@net("""
    a | 5 | a> >q >k >v
    q | 4 heads | q> k> v> mix.2> >o
    mix.0 | 6 | mix.0> >mix.2
    o | 4 | o> >out
    out | 2 | out> | network output
""", TOKENS)  # fmt: skip
class BiasByMlp(Whole):
    """A small network makes the bias of each head from the distance."""

    def more(self):
        self.mix = nn.Sequential(nn.Linear(1, 6), nn.ReLU(), nn.Linear(6, 4))

    def mask(self, q):
        place = torch.arange(5, dtype=q.dtype, device=q.device)
        return self.mix((place[None] - place[:, None])[..., None]).permute(2, 0, 1)
