"""Encoders with decoders as T5 has them: biases by relative position that all layers share, RMSNorm, tied tables."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net
from tests.graph.battery.decoders import Norm

BUCKETS = 8


def buckets(distance, both_ways):
    """Number distances: near ones each on its own, far ones by their logarithm."""
    start, count = torch.zeros_like(distance), BUCKETS
    if both_ways:
        count = count // 2
        start = start + (distance > 0).to(torch.long) * count
        distance = torch.abs(distance)
    else:
        distance = -torch.min(distance, torch.zeros_like(distance))
    near = count // 2
    far = near + (torch.log(distance.float() / near) / math.log(16 / near) * (count - near)).to(torch.long)
    far = torch.min(far, torch.full_like(far, count - 1))
    return start + torch.where(distance < near, distance, far)


class Attention(nn.Module):
    """Scores are not scaled; the first layer makes the bias, the others take it over."""

    def __init__(self, of, has_table, both_ways):
        super().__init__()
        self.heads, self.size, self.inner, self.both_ways = of.heads, of.size, of.heads * of.size, both_ways
        self.q, self.k, self.v = (nn.Linear(of.width, self.inner, bias=False) for _ in range(3))
        self.o = nn.Linear(self.inner, of.width, bias=False)
        self.table = nn.Embedding(BUCKETS, self.heads) if has_table else None

    def bias(self, queries, keys, like):
        if self.table is None:
            return torch.zeros((1, self.heads, queries, keys), device=like.device, dtype=like.dtype)
        here = torch.arange(queries, device=like.device)[:, None]
        there = torch.arange(keys, device=like.device)[None, :]
        return self.table(buckets(there - here, self.both_ways)).permute([2, 0, 1]).unsqueeze(0)

    def split(self, x):
        return x.view(x.shape[0], -1, self.heads, self.size).transpose(1, 2)

    def forward(self, x, memory, bias, mask):
        q, k, v = self.split(self.q(x)), self.split(self.k(memory)), self.split(self.v(memory))
        scores = torch.matmul(q, k.transpose(3, 2))
        if bias is None:
            bias = self.bias(q.shape[2], k.shape[2], scores)
            bias = bias if mask is None else bias + mask
        scores += bias
        weights = (
            F.softmax(scores.float(), dim=-1).type_as(scores) if scores.dtype == torch.half else scores.softmax(-1)
        )
        y = torch.matmul(weights, v).transpose(1, 2).contiguous().view(x.shape[0], -1, self.inner)
        return self.o(y), bias


class Relu(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.wide, self.narrow = nn.Linear(of.width, of.hidden, bias=False), nn.Linear(of.hidden, of.width, bias=False)

    def forward(self, x):
        return self.narrow(F.relu(self.wide(x)))


class Gated(Relu):
    def __init__(self, of):
        super().__init__(of)
        self.gate = nn.Linear(of.width, of.hidden, bias=False)

    def forward(self, x):
        return self.narrow(F.gelu(self.gate(x), approximate="tanh") * self.wide(x))


class Layer(nn.Module):
    def __init__(self, of, is_first, is_decoder):
        super().__init__()
        self.n1, self.n3, self.mlp = Norm(of.width), Norm(of.width), of.mlp(of)
        self.own = Attention(of, is_first, not is_decoder)
        if is_decoder:
            self.n2, self.cross = Norm(of.width), Attention(of, False, False)

    def forward(self, x, memory, bias, across, mask):
        y = self.n1(x)
        y, bias = self.own(y, y, bias, mask)
        x = x + y
        if memory is not None:
            y, across = self.cross(self.n2(x), memory, across, None)
            x = x + y
        return x + self.mlp(self.n3(x)), bias, across


class Stack(nn.Module):
    def __init__(self, of, is_decoder):
        super().__init__()
        self.layers = nn.ModuleList([Layer(of, True, is_decoder), Layer(of, False, is_decoder)])
        self.norm = Norm(of.width)

    def forward(self, x, memory, mask):
        bias = across = None
        for layer in self.layers:
            x, bias, across = layer(x, memory, bias, across, mask)
        return self.norm(x)


class EncoderDecoder(nn.Module):
    width, heads, size, hidden, mlp, tied = 16, 4, 4, 64, Relu, True

    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(11, self.width), nn.Linear(self.width, 11, bias=False)
        self.enc, self.dec = Stack(self, False), Stack(self, True)
        if self.tied:
            self.head.weight = self.table.weight

    def forward(self, source, target):
        memory = self.enc(self.table(source), None, None)
        t = target.shape[1]
        hidden = torch.full((t, t), -1e9, dtype=memory.dtype, device=memory.device).triu(1)
        x = self.dec(self.table(target), memory, hidden[None, None])
        return self.head(x * self.width**-0.5 if self.tied else x)


LAYERS = [(stack, i) for stack in ("enc", "dec") for i in (0, 1)]


def table(width, heads, hidden, gate, head):
    def each(form, stacks=("enc", "dec")):
        return " ".join(form.format(f"{stack}.layers.{i}") for stack, i in LAYERS if stack in stacks)

    read = f"{{0}}.mlp.wide {'>{0}.mlp.gate' if gate else ''}"
    stream = each(f"{{0}}.n1 >{{0}}.own.q >{{0}}.own.k >{{0}}.own.v {{0}}.own.o> {{0}}.n3 >{read} {{0}}.mlp.narrow>")
    across = each("{0}.n2 >{0}.cross.q >{0}.cross.k >{0}.cross.v {0}.cross.o>", ("dec",))
    rows = [f"table | {width} | table> enc.norm dec.norm {stream} {across} {'>head' if head else ''}"]
    for stack, kind in (("enc", "own"), ("dec", "own"), ("dec", "cross")):
        inside = each(f"{{0}}.{kind}.q> {{0}}.{kind}.k> {{0}}.{kind}.v> >{{0}}.{kind}.o", (stack,))
        shared = f"{stack}.layers.0.own.table>" if kind == "own" else ""
        rows.append(f"{stack}.layers.0.{kind}.q | {heads} heads | {inside} {shared} | graph")
    for stack, i in LAYERS:
        layer = f"{stack}.layers.{i}.mlp"
        first = f"{layer}.gate" if gate else f"{layer}.wide"
        inside = f"{first}> {layer}.wide> >{layer}.narrow" if gate else f"{layer}.wide> >{layer}.narrow"
        rows.append(f"{first} | {hidden} | {inside}")
    return "\n".join([*rows, *(["head | 11 | head> | network output"] if head else [])])


@net(table(16, 4, 64, gate=False, head=False), (6,), (5,), tokens=11)
class T5(EncoderDecoder):
    """One table for both sides and the answer; what two layers read of one bias, both lose."""


@net(table(16, 3, 32, gate=True, head=True), (6,), (5,), tokens=11)
class T5Gated(EncoderDecoder):
    heads, hidden, mlp, tied = 3, 32, Gated, False
