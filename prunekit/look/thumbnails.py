"""Samples as small pictures."""

import struct
import zlib
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from prunekit.records import Thumbnail
from prunekit.tasks.task import Split

SIDE = 96
"""Pixels of a picture's longer side, about."""


def thumbnails(split: Split, indices: Sequence[int]) -> tuple[Thumbnail, ...]:
    """Draw samples: each channel from the lowest to the highest value it has anywhere in the split.

    That undoes a normalisation by channel. Small pictures grow by whole pixels, so that they stay sharp.

    Args:
        split: the samples.
        indices: which of them.

    Returns:
        One picture for each index; none where the inputs are not ``(n, 1 or 3, height, width)``.
    """
    inputs = split.inputs
    if inputs.ndim != 4 or inputs.shape[1] not in (1, 3):
        return ()
    low, high = inputs.amin((0, 2, 3))[:, None, None], inputs.amax((0, 2, 3))[:, None, None]
    return tuple(Thumbnail(i, _png(_sized((inputs[i] - low) / (high - low).clamp_min(1e-12)))) for i in indices)


def _sized(image: Tensor) -> Tensor:
    """Bring a ``(channels, height, width)`` image of values 0–1 near the size of a thumbnail."""
    longer = max(image.shape[1:])
    if longer > SIDE:
        size = [max(1, round(side * SIDE / longer)) for side in image.shape[1:]]
        return F.interpolate(image[None], size, mode="area")[0]
    times = max(1, round(SIDE / longer))
    return image.repeat_interleave(times, 1).repeat_interleave(times, 2)


def _png(image: Tensor) -> bytes:
    """Write a ``(1 or 3, height, width)`` image of values 0–1 as a PNG file.

    Source: Portable Network Graphics Specification, third edition, W3C, 2025.
    """
    channels, height, width = image.shape
    rows = (image * 255).round().to(torch.uint8).permute(1, 2, 0).reshape(height, width * channels)
    # Every row begins with the number of its filter, 0 for none.
    data = F.pad(rows, (1, 0)).contiguous().numpy().tobytes()
    grey_or_rgb = 0 if channels == 1 else 2
    header = struct.pack(">IIBBBBB", width, height, 8, grey_or_rgb, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
