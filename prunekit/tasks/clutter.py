"""Clutter: the digits as 32×32 colour scenes with texture, shift and a distracting fragment, made on the fly."""

from functools import cache, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from prunekit.tasks.digits import CLASSES, Images, raw_digits
from prunekit.tasks.task import Data, Split

Floats = NDArray[np.float32]

SIZE = 32
NOTE = "Colour scenes of 32×32 pixels composed from 5,000 handwritten digits of MNIST; every epoch draws new ones."
MEAN, STD = 0.5, 0.25

SHIFT, FRAGMENT_SHIFT, FRAGMENT = 4, 10, 7
"""Pixels: the digit's largest shift, the fragment's, and half the fragment's side."""

_VALIDATION_SEED, _TEST_SEED, _TRAIN_SEED = 1, 2, 1000


@cache
def clutter() -> Data:
    """Return the scenes, normalised ``(n, 3, 32, 32)``; training draws 3,000 new ones for each epoch.

    Validation and test show digits that training never sees.
    """
    return Data(_split("validation", _VALIDATION_SEED), _split("test", _TEST_SEED), _train, CLASSES, NOTE)


def scenes(images: Images, seed: int) -> Floats:
    """Compose one scene around each digit.

    Back to front: a plain colour, soft blotches, stripes and grain; a fragment of another of
    the digits; the digit. Both have a colour that differs from the plain one by 0.35 to 0.65 in every channel.

    Args:
        images: digits ``(n, 28, 28)``, uint8.
        seed: scenes of the same seed are the same.

    Returns:
        ``(n, 3, 32, 32)``, red, green and blue from 0 to 1.
    """
    draw = Draw(seed, len(images))
    plain = draw(3, 1, 1)
    canvas = plain + _blotches(draw) + _stripes(draw) + 0.2 * (draw(3, SIZE, SIZE) - 0.5)
    masks: Floats = images.astype(np.float32) / np.float32(255)
    others = np.argsort(draw(1)[:, 0])
    fragment = _shifted(masks[others] * _window(draw), FRAGMENT_SHIFT, draw)
    canvas = _painted(canvas, fragment, _ink(plain, draw))
    canvas = _painted(canvas, _shifted(masks, SHIFT, draw) * (0.7 + 0.3 * draw(1, 1)), _ink(plain, draw))
    return np.clip(canvas, 0, 1)


class Draw:
    """Uniform numbers from 0 to 1, ``(n, *shape)``.

    Everything random is made of these: numpy promises this stream only.
    """

    def __init__(self, seed: int, n: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))
        self._n = n

    def __call__(self, *shape: int) -> Floats:
        """Draw ``(n, *shape)`` numbers."""
        return self._generator.random((self._n, *shape), dtype=np.float32)


def _blotches(draw: Draw) -> Floats:
    """Colour noise on a 6×6 grid, interpolated linearly to the scene's size."""
    grid = 6
    places = np.linspace(0, grid - 1, SIZE, dtype=np.float32)
    weights = np.clip(1 - np.abs(places[:, None] - np.arange(grid, dtype=np.float32)), 0, 1)
    return np.asarray(0.5 * (weights @ (draw(3, grid, grid) - 0.5) @ weights.T))


def _stripes(draw: Draw) -> Floats:
    """A sine grating of random direction, 1 to 5 periods across the scene, of random strength and tint."""
    angle, frequency, phase = 2 * np.pi * draw(1, 1), (1 + 4 * draw(1, 1)) / SIZE, draw(1, 1)
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    wave = np.sin(2 * np.pi * (frequency * (np.cos(angle) * columns + np.sin(angle) * rows) + phase))
    return np.asarray(0.3 * (draw(3, 1, 1) - 0.5) * wave[:, None], dtype=np.float32)


def _ink(plain: Floats, draw: Draw) -> Floats:
    """A colour that differs from the plain one by 0.35 to 0.65 in every channel."""
    return np.asarray((plain + 0.35 + 0.3 * draw(3, 1, 1)) % 1)


def _window(draw: Draw) -> Floats:
    """A square of ones, ``(n, 28, 28)``, somewhere in the middle of each digit."""
    centres = 9 + 10 * draw(2, 1)
    inside = np.abs(np.arange(28, dtype=np.float32) - centres) < FRAGMENT
    return np.asarray(inside[:, 0, :, None] & inside[:, 1, None, :], dtype=np.float32)


def _shifted(masks: Floats, most: int, draw: Draw) -> Floats:
    """Put each 28×28 mask into a 32×32 frame, off the middle by up to ``most`` pixels either way."""
    margin = (SIZE - 28) // 2 + most
    padded = np.pad(masks, ((0, 0), (margin, margin), (margin, margin)))
    starts = (draw(2, 1) * (2 * most + 1)).astype(np.int64)
    rows, columns = np.moveaxis(starts + np.arange(SIZE), 1, 0)
    return np.asarray(padded[np.arange(len(masks))[:, None, None], rows[:, :, None], columns[:, None, :]])


def _painted(canvas: Floats, mask: Floats, ink: Floats) -> Floats:
    """Cover the canvas ``(n, 3, 32, 32)`` with ink where the mask ``(n, 32, 32)`` is 1."""
    return canvas + mask[:, None] * (ink - canvas)


def _split(name: str, seed: int) -> Split:
    images, labels = raw_digits(name)
    inputs = torch.from_numpy(scenes(images, seed)).sub_(MEAN).div_(STD)
    return Split(inputs, torch.from_numpy(labels.astype(np.int64)))


@lru_cache(maxsize=1)  # all nets on these scenes are scored and calibrated on the same first draw
def _train(epoch: int) -> Split:
    return _split("train", _TRAIN_SEED + epoch)
