"""Transformers, mixers and their relatives; images are cut into four patches."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.graph.battery.case import net

IMAGE = (3, 4, 4)


class Vit(nn.Module):
    """One pre-norm layer of two heads of four on a class token and four patches; how heads are laid out varies."""

    def __init__(self):
        super().__init__()
        self.patch, self.head = nn.Conv2d(3, 8, 2, 2), nn.Linear(8, 3)
        self.token, self.pos = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 5, 8))
        self.n1, self.n2, self.norm = nn.LayerNorm(8), nn.LayerNorm(8), nn.LayerNorm(8)
        self.fc1, self.fc2 = nn.Linear(8, 6), nn.Linear(6, 8)
        self.layers()

    def layers(self):
        self.qkv, self.proj = nn.Linear(8, 24), nn.Linear(8, 8)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.pos
        x = x + self.attend(self.n1(x))
        x = x + self.fc2(F.gelu(self.fc1(self.n2(x))))
        return self.head(self.norm(x)[:, 0])


@net("""
    patch | 8 | patch> token:2 pos:2 n1 >qkv proj> n2 >fc1 fc2> norm >head
    qkv | 2 heads | qkv> >proj | graph
    fc1 | 6 | fc1> >fc2
    head | 3 | head> | network output
""", IMAGE)  # fmt: skip
class VitByChunks(Vit):
    def attend(self, x):
        n, t, _ = x.shape
        q, k, v = (part.view(n, t, 2, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, -1))


@net("""
    patch | 8 | patch> token:2 pos:2 n1 >qkv proj> n2 >fc1 fc2> norm >head | graph
    qkv | 2 heads | qkv> >proj | graph
    fc1 | 6 | fc1> >fc2
    head | 3 | head> | network output
""", IMAGE)  # fmt: skip
class VitByReshape(Vit):
    """The layout of timm: sizes of a head are computed from the width."""

    def attend(self, x):
        n, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, c))


@net("""
    patch | 8 | patch> token:2 pos:2 n1 >qkv proj> n2 >fc1 fc2> norm >head
    qkv | 2 heads | qkv> >proj
    fc1 | 6 | fc1> >fc2
    head | 3 | head> | network output
""", IMAGE)  # fmt: skip
class VitByHeadSize(Vit):
    """Reads the number of heads off the tensor: its own class can lose heads."""

    def attend(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, -1, 4)).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


@net("""
    patch | 8 | patch> token:2 pos:2 n1 >qkv proj> n2 >fc1 fc2> norm >head
    qkv | 2 heads | qkv> >proj | graph
    fc1 | 6 | fc1> >fc2
    head | 3 | head> | network output
""", IMAGE)  # fmt: skip
class VitByHand(Vit):
    """Attention as two products and a softmax."""

    def attend(self, x):
        n, t, _ = x.shape
        q, k, v = (part.view(n, t, 2, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        weights = ((q @ k.transpose(-2, -1)) * 4**-0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, t, -1))


@net("""
    patch | 8 | patch> token:2 pos:2 n1 >q >k >v proj> n2 >fc1 fc2> norm >head
    q | 2 heads | q> k> v> >proj | graph
    fc1 | 6 | fc1> >fc2
    head | 3 | head> | network output
""", IMAGE)  # fmt: skip
class VitBySeparate(Vit):
    """Query, key and value by a layer each: two heads, coupled head by head."""

    def layers(self):
        self.q, self.k, self.v, self.proj = (nn.Linear(8, 8) for _ in range(4))

    def attend(self, x):
        n, t, _ = x.shape
        q, k, v = (layer(x).view(n, t, 2, -1).transpose(1, 2) for layer in (self.q, self.k, self.v))
        weights = ((q @ k.transpose(-2, -1)) * 0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).flatten(2))


@net("""
    patch | 8 | patch> token:2 pos:2 n1 attn.in_proj_weight:1 attn.out_proj> n2 >fc1 fc2> norm >head | graph
    attn.in_proj_weight | 2 heads | attn.in_proj_weight:0 attn.in_proj_bias:0 >attn.out_proj | graph
    fc1 | 6 | fc1> >fc2
    head | 3 | head> | network output
""", IMAGE)  # fmt: skip
class VitByModule(Vit):
    def layers(self):
        self.attn = nn.MultiheadAttention(8, 2, batch_first=True)

    def attend(self, x):
        return self.attn(x, x, x, need_weights=False)[0]


@net("""
    patch | 8 | patch> token:2 pos:2 n1 attn.in_proj_weight:1 attn.out_proj> n2 >fc1 fc2> norm >head | graph
    attn.in_proj_weight | 2 heads | attn.in_proj_weight:0 attn.in_proj_bias:0 >attn.out_proj | graph
    fc1 | 6 | fc1> >fc2
    head | 3 | head> | network output
""", IMAGE)  # fmt: skip
class VitOfTorchvision(Vit):
    """Remembers its width, and asks the module for its attention weights."""

    def layers(self):
        self.attn, self.width = nn.MultiheadAttention(8, 2, batch_first=True), 8

    def forward(self, x):
        x = self.patch(x).reshape(x.shape[0], self.width, 4).permute(0, 2, 1)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.pos
        y = self.n1(x)
        x = x + self.attn(y, y, y)[0]
        x = x + self.fc2(F.gelu(self.fc1(self.n2(x))))
        return self.head(self.norm(x)[:, 0])


ENCODER = """
    embed | 8 | embed> enc.layers.0.self_attn.in_proj_weight:1 enc.layers.0.self_attn.out_proj> enc.layers.0.norm1 {}
    enc.layers.0.self_attn.in_proj_weight | 2 heads | enc.layers.0.self_attn.in_proj_weight:0 {}
    enc.layers.0.linear1 | 6 | enc.layers.0.linear1> >enc.layers.0.linear2
    out | 3 | out> | network output
""".format(
    ">enc.layers.0.linear1 enc.layers.0.linear2> enc.layers.0.norm2 >out | graph",
    "enc.layers.0.self_attn.in_proj_bias:0 >enc.layers.0.self_attn.out_proj | graph",
)


@net(ENCODER, (5,), tokens=9)
class Encoder(nn.Module):
    """PyTorch's own encoder layer behind a look-up table."""

    def __init__(self):
        super().__init__()
        self.embed, self.out = nn.Embedding(9, 8), nn.Linear(8, 3)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 6, batch_first=True), 1)

    def forward(self, x):
        return self.out(self.enc(self.embed(x)).mean(1))


@net("""
    memory | 8 | memory> cross.in_proj_weight:1 start> cross.out_proj> norm >fc | graph
    cross.in_proj_weight | 2 heads | cross.in_proj_weight:0 cross.in_proj_bias:0 >cross.out_proj | graph
    fc | 3 | fc> | network output
""", (4, 5), (3, 6))  # fmt: skip
class CrossAttention(nn.Module):
    """Queries from one input, keys and values from another: one weight for all three binds both widths."""

    def __init__(self):
        super().__init__()
        self.memory, self.start, self.norm, self.fc = nn.Linear(5, 8), nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8, 3)
        self.cross = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, memory, queries):
        memory = F.relu(self.memory(memory))
        x = self.start(queries)
        x = self.norm(x + self.cross(x, memory, memory, need_weights=False)[0])
        return self.fc(x)


@net("""
    embed | 8 | embed> pos:0 n1 >q >kv proj> n2 >gate >up down> norm
    kv | 2 heads | q> kv> >proj | graph
    gate | 6 | gate> up> >down
""", (5,), tokens=9)  # fmt: skip
class Language(nn.Module):
    """Causal, with RMSNorm, a gated MLP and the look-up table used again for the answer."""

    def __init__(self):
        super().__init__()
        self.embed, self.pos = nn.Embedding(9, 8), nn.Parameter(torch.randn(8))
        self.n1, self.n2, self.norm = nn.RMSNorm(8), nn.RMSNorm(8), nn.RMSNorm(8)
        self.q, self.kv, self.proj = (
            nn.Linear(8, 8, bias=False),
            nn.Linear(8, 16, bias=False),
            nn.Linear(8, 8, bias=False),
        )
        self.gate, self.up, self.down = nn.Linear(8, 6), nn.Linear(8, 6), nn.Linear(6, 8)

    def forward(self, x):
        n, t = x.shape
        x = self.embed(x) + self.pos
        y = self.n1(x)
        k, v = self.kv(y).view(n, t, 2, 2, 4).permute(2, 0, 3, 1, 4)
        q = self.q(y).view(n, t, 2, 4).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, 8)
        x = x + self.proj(y)
        y = self.n2(x)
        x = self.norm(x + self.down(F.silu(self.gate(y)) * self.up(y)))
        return F.linear(x, self.embed.weight)


@net("""
    patch | 6 | patch> n1 n2 >c1 c2> norm >head
    t1 | 5 | t1> >t2
    t2 | 4 | t2> | positions are not channels
    c1 | 7 | c1> >c2
    head | 3 | head> | network output
""", IMAGE)  # fmt: skip
class Mixer(nn.Module):
    """One MLP over the patches, one over the channels."""

    def __init__(self):
        super().__init__()
        self.patch, self.head = nn.Conv2d(3, 6, 2, 2), nn.Linear(6, 3)
        self.n1, self.n2, self.norm = nn.LayerNorm(6), nn.LayerNorm(6), nn.LayerNorm(6)
        self.t1, self.t2, self.c1, self.c2 = nn.Linear(4, 5), nn.Linear(5, 4), nn.Linear(6, 7), nn.Linear(7, 6)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = x + self.t2(F.gelu(self.t1(self.n1(x).transpose(1, 2)))).transpose(1, 2)
        x = x + self.c2(F.gelu(self.c1(self.n2(x))))
        return self.head(self.norm(x).mean(1))


@net("""
    stem | 6 | stem> norm0 dw> norm1 >p1 p2> gamma:0 norm2 >down
    p1 | 8 | p1> >p2
    down | 5 | down> >head
    head | 3 | head> | network output
""", (3, 8, 8))  # fmt: skip
class Convnext(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm0 = nn.Conv2d(3, 6, 2, 2), nn.LayerNorm(6)
        self.dw, self.norm1 = nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.LayerNorm(6)
        self.p1, self.p2, self.gamma = nn.Linear(6, 8), nn.Linear(8, 6), nn.Parameter(torch.rand(6))
        self.norm2, self.down, self.head = nn.LayerNorm(6), nn.Conv2d(6, 5, 2, 2), nn.Linear(5, 3)

    def forward(self, x):
        x = self.norm0(self.stem(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        y = self.gamma * self.p2(F.gelu(self.p1(self.norm1(self.dw(x).permute(0, 2, 3, 1)))))
        x = x + y.permute(0, 3, 1, 2)
        x = self.down(self.norm2(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
        return self.head(x.mean([-2, -1]))


@net("""
    patch | 8 | patch> n1 >qkv proj> n2 >fc1 fc2> merge_norm >merge | graph
    qkv | 2 heads | qkv> table:1 >proj | graph
    fc1 | 6 | fc1> >fc2
    merge | 5 | merge> >head
    head | 3 | head> | network output
""", (3, 8, 8))  # fmt: skip
class Swin(nn.Module):
    """Shifted windows of 2×2 with a bias by relative position, and patches merged four by four."""

    def __init__(self):
        super().__init__()
        self.patch, self.n1, self.n2 = nn.Conv2d(3, 8, 2, 2), nn.LayerNorm(8), nn.LayerNorm(8)
        self.qkv, self.proj, self.table = nn.Linear(8, 24), nn.Linear(8, 8), nn.Parameter(torch.randn(9, 2))
        self.register_buffer("index", torch.arange(16) % 9)
        self.register_buffer("mask", (torch.arange(64).view(4, 4, 4) % 5 == 0) * -10.0)
        self.fc1, self.fc2 = nn.Linear(8, 6), nn.Linear(6, 8)
        self.merge_norm, self.merge, self.head = nn.LayerNorm(32), nn.Linear(32, 5), nn.Linear(5, 3)

    def attend(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q * 0.5) @ k.transpose(-2, -1)
        weights = weights + self.table[self.index].view(t, t, -1).permute(2, 0, 1).contiguous().unsqueeze(0)
        weights = weights.view(b // 4, 4, 2, t, t) + self.mask.unsqueeze(1).unsqueeze(0)
        weights = F.softmax(weights.view(-1, 2, t, t), -1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, t, c))

    def forward(self, x):
        x = self.patch(x).permute(0, 2, 3, 1)
        n, h, w, c = x.shape
        y = torch.roll(self.n1(x), (-1, -1), (1, 2))
        y = y.view(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, c)
        y = self.attend(y).view(n, h // 2, w // 2, 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        x = x + torch.roll(y, (1, 1), (1, 2))
        x = x + self.fc2(F.gelu(self.fc1(self.n2(x))))
        x = torch.cat([x[:, a::2, b::2] for b in (0, 1) for a in (0, 1)], -1)
        return self.head(self.merge(self.merge_norm(x)).mean((1, 2)))


@net("""
    a | 4 | a> >q >k >v
    q | 4 | q> >out
    k | 4 | k> v> | softmax over channels
    out | 2 | out> | network output
""")
class ChannelAttention(nn.Module):
    """Attention of channels to channels: each channel of q asks on its own, and any of them may go."""

    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Conv2d(3, 4, 1), nn.Linear(4, 2)
        self.q, self.k, self.v = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = F.relu(self.a(x))
        q, k, v = (layer(x).flatten(2) for layer in (self.q, self.k, self.v))
        return self.out(((torch.bmm(q, k.transpose(1, 2)) / 99).softmax(-1) @ v).mean(2))


@net("""
    a | 4 | a> v> scale:0 >q >k >v >out
    q | 3 | q> k>
    out | 2 | out> | network output
""")
class SelfAttention(nn.Module):
    """SAGAN: keys and queries of fewer channels meet in a product; a unit is one of each."""

    def __init__(self):
        super().__init__()
        self.a, self.out, self.scale = nn.Conv2d(3, 4, 1), nn.Linear(4, 2), nn.Parameter(torch.ones(4, 1, 1))
        self.q, self.k, self.v = nn.Conv2d(4, 3, 1), nn.Conv2d(4, 3, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = F.relu(self.a(x))
        q, k, v = (layer(x).flatten(2) for layer in (self.q, self.k, self.v))
        weights = torch.bmm(q.transpose(1, 2), k).softmax(-1)
        return self.out((x + self.scale * torch.bmm(v, weights.transpose(1, 2)).view(x.shape)).mean((2, 3)))
