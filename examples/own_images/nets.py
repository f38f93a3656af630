"""A network of one's own, for a folder of images."""

import torch
from torch import nn


class ShapeNet(nn.Module):
    """Three convolutions and a linear layer, for colour images of 32×32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
        )
        self.head = nn.Linear(2 * width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images ``(batch, 3, 32, 32)`` to logits ``(batch, 3)``."""
        logits: torch.Tensor = self.head(self.features(x).amax((2, 3)))
        return logits


def shape_net(width: int = 16) -> ShapeNet:
    """Make the untrained network."""
    return ShapeNet(width)
