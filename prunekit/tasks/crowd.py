"""Crowd: several digits in one grey picture of 24×24; the target says for each pixel which digit it belongs to."""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from prunekit.tasks.clutter import Draw
from prunekit.tasks.digits import CLASSES, Images, Labels, raw_digits
from prunekit.tasks.task import Data, Split

Floats = NDArray[np.float32]

SIZE, SIDE, DIGITS = 24, 14, 2
"""Pixels of a picture's side and of a digit's, and digits in a picture."""
INK = 0.4
"""A pixel belongs to a digit from this share of ink."""
MEAN, STD = 0.35, 0.25
NAMES = ("background", *CLASSES)
NOTE = "Pictures of 24×24 pixels with two small digits of MNIST each; every epoch composes new ones."

_VALIDATION_SEED, _TEST_SEED, _TRAIN_SEED = 3, 4, 5000


@cache
def crowd() -> Data:
    """Return the pictures, normalised ``(n, 1, 24, 24)``, with targets ``(n, 24, 24)``; training draws 3,000 anew.

    Validation and test show digits that training never sees.
    """
    return Data(_split("validation", _VALIDATION_SEED), _split("test", _TEST_SEED), _train, NAMES, NOTE)


def pictures(images: Images, labels: Labels, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Compose one picture around each digit.

    Back to front: a dark plain grey with grain; another digit and the digit itself, each averaged to 14×14, at
    places of their own draw and brightness, so that they may cover each other.

    Args:
        images: digits ``(n, 28, 28)``, uint8.
        labels: their classes ``(n,)``, 0 to 9.
        seed: pictures of the same seed are the same.

    Returns:
        Grey from 0 to 1 ``(n, 24, 24)``, and for each pixel 0 for the background or 1 more than its digit.
    """
    n, draw = len(images), Draw(seed, len(images))
    small = images.astype(np.float32).reshape(n, SIDE, 2, SIDE, 2).mean((2, 4)) / np.float32(255)
    canvas = 0.3 * draw(1, 1) + 0.3 * draw(SIZE, SIZE)
    target = np.zeros((n, SIZE, SIZE), dtype=np.int64)
    for place in range(DIGITS):
        others = np.arange(n) if place == DIGITS - 1 else np.argsort(draw(1)[:, 0])
        mask = _placed(small[others], draw)
        canvas = canvas + mask * (0.6 + 0.4 * draw(1, 1) - canvas)
        target = np.where(mask >= INK, labels[others].astype(np.int64)[:, None, None] + 1, target)
    return np.asarray(canvas, dtype=np.float32), target


def _placed(masks: Floats, draw: Draw) -> Floats:
    """Put each 14×14 mask somewhere into a 24×24 frame."""
    frame: Floats = np.zeros((len(masks), SIZE, SIZE), dtype=np.float32)
    starts = (draw(2, 1) * (SIZE - SIDE + 1)).astype(np.int64)
    rows, columns = np.moveaxis(starts + np.arange(SIDE), 1, 0)
    frame[np.arange(len(masks))[:, None, None], rows[:, :, None], columns[:, None, :]] = masks
    return frame


def _split(name: str, seed: int) -> Split:
    grey, target = pictures(*raw_digits(name), seed)
    return Split(torch.from_numpy(grey).unsqueeze(1).sub_(MEAN).div_(STD), torch.from_numpy(target))


def _train(epoch: int) -> Split:
    return _split("train", _TRAIN_SEED + epoch)
