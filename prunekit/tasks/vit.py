"""A small vision transformer behind a convolutional stem.

Sources: Dosovitskiy et al., An Image is Worth 16×16 Words, arXiv:2010.11929; the stem from
Xiao et al., Early Convolutions Help Transformers See Better, arXiv:2106.14881.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Self-attention with one projection for queries, keys and values.

    The number of heads follows from the projection's rows, so whole heads can be cut away.

    Args:
        width: features of a token.
        heads: attention heads; each has ``width / heads`` features.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.head_dim = width // heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens ``(batch, tokens, width)`` to the same shape."""
        qkv = self.qkv(x).unflatten(-1, (3, -1, self.head_dim))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v)
        merged: Tensor = self.proj(y.transpose(1, 2).flatten(2))
        return merged


class TransformerBlock(nn.Module):
    """Attention, then two linear layers, each behind a LayerNorm and added to its input."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens ``(batch, tokens, width)`` to the same shape."""
        x = x + self.attention(self.norm1(x))
        y: Tensor = self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return x + y


class ViT(nn.Module):
    """Three convolutions, two of stride 2, make the tokens; transformer blocks; mean over tokens; classifier.

    Args:
        size: height and width of the input images, a multiple of 4.
        width: features of a token.
        depth: transformer blocks.
        heads: attention heads of each block.
        classes: outputs.
    """

    def __init__(self, size: int, width: int, depth: int, heads: int, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width, 3, padding=1)
        self.position = nn.Parameter(0.02 * torch.randn(1, (size // 4) ** 2, width))
        self.blocks = nn.Sequential(*(TransformerBlock(width, heads, 3 * width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(batch, 3, size, size)`` to logits ``(batch, classes)``."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.conv3(F.relu(self.bn2(self.conv2(x))))
        x = x.flatten(2).transpose(1, 2) + self.position
        logits: Tensor = self.head(self.norm(self.blocks(x)).mean(1))
        return logits


def vit() -> nn.Module:
    """Make the untrained ``vit``: colour images of 32×32, 64 tokens, four blocks of four heads, 228 k parameters."""
    return ViT(size=32, width=64, depth=4, heads=4)
