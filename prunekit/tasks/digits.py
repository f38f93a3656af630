"""Digits: 5,000 handwritten digits (MNIST), split once and for all into 3,000 / 1,000 / 1,000."""

from functools import cache
from importlib.resources import files

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from prunekit.tasks.task import Data, Split

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

CLASSES = tuple("0123456789")
NOTE = "5,000 handwritten digits of MNIST (Y. LeCun, C. Cortes, C. Burges), 500 of each."
MEAN, STD = 0.1307, 0.3081

_PER_CLASS = {"train": slice(0, 300), "validation": slice(300, 400), "test": slice(400, 500)}


@cache
def raw_digits(split: str) -> tuple[Images, Labels]:
    """Return one split of the stored digits.

    The classes take turns (0, 1, … 9, 0, 1, …), so the first ``n`` samples are stratified too.

    Args:
        split: ``train`` (3,000 images), ``validation`` (1,000) or ``test`` (1,000).

    Returns:
        Images ``(n, 28, 28)`` and their digits ``(n,)``, both uint8 and read-only.
    """
    images, labels = _stored()
    # numpy promises the stream of random() only, so the shuffle is a sort of it.
    order = np.argsort(np.random.Generator(np.random.PCG64(0)).random(len(labels)))
    chosen = np.stack([order[labels[order] == digit][_PER_CLASS[split]] for digit in range(10)], axis=1).ravel()
    images, labels = images[chosen], labels[chosen]
    images.setflags(write=False)
    labels.setflags(write=False)
    return images, labels


@cache
def _stored() -> tuple[Images, Labels]:
    with np.load(str(files("prunekit.tasks") / "data" / "mnist5k.npz")) as stored:
        return stored["X"], stored["y"]


def digits() -> Data:
    """Return the digits as normalised images ``(n, 1, 28, 28)``; training draws them anew for each epoch."""
    return Data(_split("validation"), _split("test"), _train, CLASSES, NOTE)


def colour_digits() -> Data:
    """Return the digits for networks that take colour: grey repeated to ``(n, 3, 28, 28)``."""
    return Data(
        _colour(_split("validation")), _colour(_split("test")), lambda epoch: _colour(_train(epoch)), CLASSES, NOTE
    )


def _colour(split: Split) -> Split:
    return Split(split.inputs.repeat(1, 3, 1, 1), split.targets)


def _split(name: str) -> Split:
    images, labels = raw_digits(name)
    inputs = torch.from_numpy(images.astype(np.float32)).unsqueeze(1).div_(255).sub_(MEAN).div_(STD)
    return Split(inputs, torch.from_numpy(labels.astype(np.int64)))


def _train(epoch: int) -> Split:
    """Epoch 0 is the digits as they are, like validation; every later epoch draws them a little differently."""
    plain = _split("train")
    return plain if epoch == 0 else Split(_jitter(plain.inputs, epoch), plain.targets)


def _jitter(inputs: Tensor, seed: int) -> Tensor:
    """Turn (up to 12°), scale (up to 12 %) and shift (up to 2 pixels) every image by its own draw."""
    generator = torch.Generator().manual_seed(seed)
    turn, scale, right, down = (torch.rand(4, len(inputs), generator=generator) * 2 - 1).unbind()
    turn, scale = turn * 0.21, 1 + scale * 0.12
    cosine, sine = scale * turn.cos(), scale * turn.sin()
    pixels = 2 * 2 / inputs.shape[-1]
    affine = torch.stack([cosine, -sine, right * pixels, sine, cosine, down * pixels], dim=1).view(-1, 2, 3)
    grid = F.affine_grid(affine, list(inputs.shape), align_corners=False)
    # Outside the image lies background, which is not 0 after normalisation.
    background = -MEAN / STD
    return F.grid_sample(inputs - background, grid, align_corners=False) + background
