"""A plain convolutional network with two fully connected layers behind a flatten.

Source: Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image
Recognition, arXiv:1409.1556, with BatchNorm (arXiv:1502.03167) after every convolution.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class VGG(nn.Module):
    """Five 3×3 convolutions, halving the image after the first, third and fifth, then two linear layers.

    Args:
        size: height and width of the input images, a multiple of 8.
        classes: outputs.
    """

    def __init__(self, size: int, classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(3, 32),
            nn.MaxPool2d(2),
            *_convolution(32, 64),
            *_convolution(64, 64),
            nn.MaxPool2d(2),
            *_convolution(64, 96),
            *_convolution(96, 96),
            nn.MaxPool2d(2),
        )
        self.fc1 = nn.Linear(96 * (size // 8) ** 2, 96)
        self.fc2 = nn.Linear(96, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(batch, 3, size, size)`` to logits ``(batch, classes)``."""
        x = self.features(x).flatten(1)
        logits: Tensor = self.fc2(F.relu(self.fc1(x)))
        return logits


def _convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()


def vgg() -> nn.Module:
    """Make the untrained ``vgg``: colour images of 32×32, 343 k parameters."""
    return VGG(size=32)
