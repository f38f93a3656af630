"""A network of inverted residuals with depthwise convolutions.

Source: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, arXiv:1801.04381.
"""

import torch.nn.functional as F
from torch import Tensor, nn

EXPANSION = 4
STAGES = ((16, 2, 1), (40, 3, 2), (64, 3, 2))
"""Channels, blocks and first stride of each stage."""


class InvertedResidual(nn.Module):
    """Widen with a 1×1 convolution, filter each channel alone, narrow again; add the input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * EXPANSION
        self.expand = nn.Conv2d(inputs, hidden, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, padding=1, groups=hidden, bias=False)
        self.bn2 = nn.BatchNorm2d(hidden)
        self.project = nn.Conv2d(hidden, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, inputs, height, width)`` to ``(batch, outputs, height / stride, width / stride)``."""
        y: Tensor = F.relu6(self.bn1(self.expand(x)))
        y = F.relu6(self.bn2(self.depthwise(y)))
        y = self.bn3(self.project(y))
        return x + y if self.residual else y


class MobileNet(nn.Module):
    """A stem of stride 2, three stages of inverted residuals, a 1×1 head, pooling and a classifier.

    Args:
        classes: outputs.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        channels, head = 16, 128
        self.stem = nn.Conv2d(3, channels, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        blocks = []
        for outputs, count, stride in STAGES:
            for number in range(count):
                blocks.append(InvertedResidual(channels, outputs, stride if number == 0 else 1))
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Conv2d(channels, head, 1, bias=False)
        self.bn_head = nn.BatchNorm2d(head)
        self.classifier = nn.Linear(head, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(batch, 3, height, width)`` to logits ``(batch, classes)``."""
        x = F.relu6(self.bn(self.stem(x)))
        x = self.blocks(x)
        x = F.relu6(self.bn_head(self.head(x)))
        logits: Tensor = self.classifier(x.mean((2, 3)))
        return logits


def mobilenet() -> nn.Module:
    """Make the untrained ``mobilenet``: colour images of 32×32, 147 k parameters."""
    return MobileNet()
