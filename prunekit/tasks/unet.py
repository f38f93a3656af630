"""A small U-Net: a class for every pixel, from what is around it and from where exactly it is.

Source: Ronneberger, Fischer and Brox, U-Net: Convolutional Networks for Biomedical Image Segmentation,
arXiv:1505.04597, with padded convolutions, BatchNorm and nearest-neighbour upsampling.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (16, 16, 48)


class UNet(nn.Module):
    """Two steps down, two steps up, each step up beside the features of the same size on the way down.

    Args:
        channels: channels of the input images.
        classes: classes of a pixel, the background among them.
        widths: channels at full, half and quarter size.
    """

    def __init__(self, channels: int = 1, classes: int = 11, widths: tuple[int, int, int] = WIDTHS) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.down1 = _two_convolutions(channels, fine)
        self.down2 = _two_convolutions(fine, middle)
        self.bottom = _two_convolutions(middle, coarse)
        self.up2 = _two_convolutions(coarse + middle, middle)
        self.up1 = _two_convolutions(middle + fine, fine)
        self.head = nn.Conv2d(fine, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(batch, channels, height, width)`` to logits ``(batch, classes, height, width)``."""
        fine: Tensor = self.down1(x)
        middle: Tensor = self.down2(F.max_pool2d(fine, 2))
        y = self.bottom(F.max_pool2d(middle, 2))
        y = self.up2(torch.cat([F.interpolate(y, scale_factor=2), middle], 1))
        y = self.up1(torch.cat([F.interpolate(y, scale_factor=2), fine], 1))
        logits: Tensor = self.head(y)
        return logits


def _two_convolutions(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def unet() -> nn.Module:
    """Make the untrained network: grey images of 24×24, background and ten digits, 54 k parameters."""
    return UNet()
