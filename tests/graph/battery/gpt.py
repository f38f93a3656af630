"""GPT-2 in the widespread layout: linear layers as ``addmm`` with turned weights, sizes remembered, a tied head."""

import math

import torch
from torch import nn

from tests.graph.battery.case import net

WIDTH, HEADS, TOKENS, POSITIONS = 8, 2, 11, 7


class Turned(nn.Module):
    """A linear layer whose weight is ``(inputs, outputs)``."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.nx, self.nf = inputs, outputs
        self.weight, self.bias = nn.Parameter(torch.empty(inputs, outputs)), nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        shape = (*x.size()[:-1], self.nf)
        return torch.addmm(self.bias, x.view(-1, self.nx), self.weight).view(shape)


class Attention(nn.Module):
    """Causal attention by hand, from a mask that is a buffer."""

    def __init__(self):
        super().__init__()
        self.c_attn, self.c_proj = Turned(3 * WIDTH, WIDTH), Turned(WIDTH, WIDTH)
        self.num_heads, self.head_dim, self.split_size = HEADS, WIDTH // HEADS, WIDTH
        mask = torch.tril(torch.ones(POSITIONS, POSITIONS, dtype=torch.bool)).view(1, 1, POSITIONS, POSITIONS)
        self.register_buffer("bias", mask, persistent=False)

    def heads(self, x):
        return x.view(*x.shape[:-1], self.num_heads, self.head_dim).transpose(1, 2)

    def forward(self, x):
        q, k, v = map(self.heads, self.c_attn(x).split(self.split_size, dim=2))
        weights = torch.matmul(q, k.transpose(-1, -2))
        weights = weights / torch.full([], v.size(-1) ** 0.5, dtype=weights.dtype, device=weights.device)
        seen, known = q.size(-2), k.size(-2)
        mask = self.bias[:, :, known - seen : known, :known]
        least = torch.full([], torch.finfo(weights.dtype).min, dtype=weights.dtype, device=weights.device)
        weights = torch.where(mask, weights.to(weights.dtype), least).softmax(-1).type(v.dtype)
        x = torch.matmul(weights, v).permute(0, 2, 1, 3).contiguous()
        return self.c_proj(x.view(*x.size()[:-2], self.num_heads * self.head_dim))


class Block(nn.Module):
    """Attention, then an MLP of four times the width."""

    def __init__(self):
        super().__init__()
        self.ln_1, self.attn, self.ln_2 = nn.LayerNorm(WIDTH), Attention(), nn.LayerNorm(WIDTH)
        self.c_fc, self.c_proj = Turned(4 * WIDTH, WIDTH), Turned(WIDTH, 4 * WIDTH)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        y = self.c_fc(self.ln_2(x))
        y = 0.5 * y * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (y + 0.044715 * torch.pow(y, 3.0))))
        return x + self.c_proj(y)


BLOCK = (
    "h.{0}.ln_1 h.{0}.attn.c_attn.weight:0 h.{0}.attn.c_proj.weight:1 h.{0}.attn.c_proj.bias:0 "
    "h.{0}.ln_2 h.{0}.c_fc.weight:0 h.{0}.c_proj.weight:1 h.{0}.c_proj.bias:0"
)


@net(f"""
    wte | 8 | wte> wpe> {BLOCK.format(0)} {BLOCK.format(1)} ln_f | graph
    h.0.attn.c_attn | 2 heads | h.0.attn.c_attn.weight:1 h.0.attn.c_attn.bias:0 h.0.attn.c_proj.weight:0 | graph
    h.0.c_fc | 32 | h.0.c_fc.weight:1 h.0.c_fc.bias:0 h.0.c_proj.weight:0 | graph
    h.1.attn.c_attn | 2 heads | h.1.attn.c_attn.weight:1 h.1.attn.c_attn.bias:0 h.1.attn.c_proj.weight:0 | graph
    h.1.c_fc | 32 | h.1.c_fc.weight:1 h.1.c_fc.bias:0 h.1.c_proj.weight:0 | graph
""", (5,), tokens=TOKENS)  # fmt: skip
class Gpt2(nn.Module):
    """Two layers; the table of tokens is also the head."""

    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(TOKENS, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.h, self.ln_f = nn.ModuleList(Block() for _ in range(2)), nn.LayerNorm(WIDTH)
        self.lm_head = nn.Linear(WIDTH, TOKENS, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens):
        shape = tokens.size()
        tokens = tokens.view(-1, shape[-1])
        places = torch.arange(0, shape[-1], dtype=torch.long, device=tokens.device).unsqueeze(0).view(-1, shape[-1])
        x = self.wte(tokens) + self.wpe(places)
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x).view(*shape, x.size(-1)))
