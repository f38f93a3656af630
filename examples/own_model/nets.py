"""A network of one's own: PruneKit needs a function that makes it untrained. A metric of one's own is another."""

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from prunekit.tasks.task import Split


class SmallNet(nn.Module):
    """Two convolutions and a linear layer, for grey images of 14×14."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(32 * 3 * 3, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images ``(batch, 1, 14, 14)`` to logits ``(batch, 10)``."""
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        x = self.pool(torch.relu(self.bn2(self.conv2(x))))
        logits: torch.Tensor = self.fc(x.flatten(1))
        return logits


def small_net() -> SmallNet:
    """Make the untrained network."""
    return SmallNet()


def worst_class(model: nn.Module, data: "Split") -> float:
    """Return the accuracy of the class that the network knows least: ``metric = "nets.py:worst_class"``."""
    right = (model(data.inputs).argmax(1) == data.targets).float()
    return float(min(right[data.targets == target].mean() for target in data.targets.unique()))
