"""The network of the article this project started from: as printed, and a narrow copy that runs."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PRINTED_CHANNELS = (64, 128, 256, 512, 1024, 2048, 4096, 1024)
PRINTED_VIEW = 2048 * 4096 * 4096
DIVISOR = 20

ARTICLE_FAULTS: dict[str, str] = {
    "missing activation": "forward calls self.relu, which the constructor never makes: the first call fails.",
    "impossible view": (
        "conv8 gives 1,024 channels, but the view behind it wants 2,048 · 4,096 · 4,096 = 34,359,738,368 values a row."
    ),
    "impossible size": "The first fully connected layer would hold 35,184,372,088,832 weights: 140 TB in fp32.",
    "activation on logits": "The last ReLU sits on the logits: a class can never score below zero.",
    "wrong task": "It is called a detector, but it is trained with cross-entropy and finds no boxes: it classifies.",
}
"""The faults that keep the printed network from running or from doing what the article claims, by name."""


class ArticleNet(nn.Module):
    """Eight 3×3 convolutions, max-pooling after the first, third and fifth, three fully connected layers.

    What differs from the printed network is what keeps that from running (``ARTICLE_FAULTS``):
    the activation exists, the feature map is averaged before the fully connected layers, and
    the logits are left as they are.

    Args:
        channels: outputs of the eight convolutions.
        classes: outputs.
    """

    def __init__(self, channels: tuple[int, ...], classes: int = 10) -> None:
        super().__init__()
        c1, c2, c3, c4, c5, c6, c7, c8 = channels
        self.conv1 = nn.Conv2d(3, c1, 3, padding=1)
        self.conv2 = nn.Conv2d(c1, c2, 3, padding=1)
        self.conv3 = nn.Conv2d(c2, c3, 3, padding=1)
        self.conv4 = nn.Conv2d(c3, c4, 3, padding=1)
        self.conv5 = nn.Conv2d(c4, c5, 3, padding=1)
        self.conv6 = nn.Conv2d(c5, c6, 3, padding=1)
        self.conv7 = nn.Conv2d(c6, c7, 3, padding=1)
        self.conv8 = nn.Conv2d(c7, c8, 3, padding=1)
        self.fc1 = nn.Linear(c8, c8)
        self.fc2 = nn.Linear(c8, c8)
        self.fc3 = nn.Linear(c8, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(batch, 3, height, width)`` to logits ``(batch, classes)``."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(F.relu(self.conv3(x)), 2)
        x = F.relu(self.conv4(x))
        x = F.max_pool2d(F.relu(self.conv5(x)), 2)
        x = F.relu(self.conv6(x))
        x = F.relu(self.conv7(x))
        x = F.relu(self.conv8(x)).mean((2, 3))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        logits: Tensor = self.fc3(x)
        return logits


class ArticleAsPrinted(nn.Module):
    """The layers and the forward pass that the article prints, faults and all; it cannot run.

    Args:
        classes: outputs.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        inputs = (3, *PRINTED_CHANNELS)
        for number, (before, after) in enumerate(zip(inputs, PRINTED_CHANNELS, strict=False), start=1):
            self.add_module(f"conv{number}", nn.Conv2d(before, after, 3, padding=1))
        self.fc1 = nn.Linear(PRINTED_VIEW, 1024)
        self.fc2 = nn.Linear(1024, 1024)
        self.fc3 = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Fail, as the printed one does: there is no ``self.relu``."""
        relu = self.get_submodule("relu")
        for number in range(1, len(PRINTED_CHANNELS) + 1):
            x = relu(self.get_submodule(f"conv{number}")(x))
        x = relu(self.fc2(relu(self.fc1(x.view(-1, PRINTED_VIEW)))))
        logits: Tensor = relu(self.fc3(x))
        return logits


def article() -> nn.Module:
    """Make the untrained network that runs: a twentieth of the printed channels, 351 k parameters."""
    return ArticleNet(tuple(round(channels / DIVISOR) for channels in PRINTED_CHANNELS))


def article_as_printed() -> nn.Module:
    """Make the printed network on the ``meta`` device, where 140 TB of weights cost nothing."""
    with torch.device("meta"):
        return ArticleAsPrinted()
