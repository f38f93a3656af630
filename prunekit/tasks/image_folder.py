"""A folder of images: a folder for each class, below folders for the splits if there are such."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prunekit.errors import TaskError
from prunekit.foreign import ask
from prunekit.tasks.arrays import Arrays, Pair, in_three, in_turns

SPLITS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".gif": "GIF", ".webp": "WEBP"} | {
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".ppm": "PPM",
    ".pgm": "PPM",
}
CHANNELS = (1, 3)
TOGETHER = 64
"""Images that one child process reads."""
ROOM = 1 << 30
"""Bytes that a split may take as float32 unless a limit was given."""


def read_image_folder(folder: Path, shape: tuple[int, ...], limit: int | None = None) -> Arrays:
    """Read a folder of images.

    ``cat/*.png, dog/*.png`` is divided 60 / 20 / 20; below ``train``, ``val`` and ``test`` each is its split, and
    what is missing of validation is taken from train. Images that lie in no class folder have no labels.

    Args:
        folder: the folder.
        shape: ``(channels, height, width)``: every image is made grey or colour, scaled to cover the size, and
            cropped at the middle.
        limit: at most this many images of each split, evenly over the classes; ``None`` reads what fits 1 GB.

    Returns:
        The images, ``(n, channels, height, width)`` uint8, in an order in which the classes take turns.

    Raises:
        TaskError: no images, or one that cannot be read.
    """
    if len(shape) != 3 or shape[0] not in CHANNELS:
        raise TaskError(f"Images need an input shape such as [3, 32, 32], of 1 or 3 channels, not {list(shape)}.")
    most = limit or max(1, ROOM // (4 * math.prod(shape)))
    splits = {split: found for split, names in SPLITS.items() if (found := _first(folder, names)) is not None}
    classes = sorted({name for part in splits.values() or (folder,) for name in _files(part)} - {""})
    if not splits:
        return _arrays(in_three(*_read(_files(folder), classes, shape, 3 * most)), classes, folder, most)
    pairs = {split: _read(_files(part), classes, shape, most) for split, part in splits.items()}
    if "validation" not in pairs:
        pairs |= _without_validation(pairs, folder)
    return _arrays(pairs, classes, folder, most)


def _without_validation(pairs: Mapping[str, Pair], folder: Path) -> dict[str, Pair]:
    """Take validation, and test where there is none, out of train."""
    if "train" not in pairs:
        raise TaskError(f"The folder {folder} has no images to tune on: it needs a folder val or train.")
    found = in_three(*pairs["train"])
    return {name: pair for name, pair in found.items() if name != "test" or "test" not in pairs}


def _arrays(pairs: dict[str, Pair], classes: list[str], folder: Path, most: int) -> Arrays:
    ordered: dict[str, Pair] = {}
    for split, (inputs, targets) in pairs.items():
        if not len(inputs):
            raise TaskError(f"The folder {folder} has too few images for a {split} split.")
        rows = in_turns(np.zeros(len(inputs), np.int64) if targets is None else targets, most)
        ordered[split] = inputs[rows], None if targets is None else targets[rows]
    return Arrays(ordered, tuple(classes), f"Read from the images below {folder.name}.")


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def _files(folder: Path) -> dict[str, list[Path]]:
    """List the images of each class folder; those in none go by the empty name."""
    groups = {child.name: child for child in sorted(folder.iterdir()) if child.is_dir() and child.name[0] != "."}
    found = {name: sorted(filter(_is_image, child.rglob("*"))) for name, child in groups.items()}
    found = {name: files for name, files in found.items() if files}
    if not found:
        found = {"": sorted(filter(_is_image, folder.iterdir()))}
    if not any(found.values()):
        raise TaskError(f"The folder {folder} holds no images ({', '.join(FORMATS)}).")
    return found


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in FORMATS and not path.name.startswith(".")


def _read(groups: Mapping[str, list[Path]], classes: list[str], shape: tuple[int, ...], most: int) -> Pair:
    files = [file for group in groups.values() for file in group]
    labels = np.array([classes.index(name) if name else 0 for name, group in groups.items() for _ in group], np.int64)
    rows = in_turns(labels, most)
    chosen = [files[row] for row in rows]
    images = np.concatenate([_images(chosen[i : i + TOGETHER], shape) for i in range(0, len(chosen), TOGETHER)])
    return images, None if "" in groups else labels[rows]


def _images(files: list[Path], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read images as ``(n, channels, height, width)``; one that would inflate to a giant is refused."""
    channels, height, width = shape
    found = ask("images", files, "The image", TaskError, channels=channels, height=height, width=width)
    pixels = np.frombuffer(found.data, np.uint8).reshape(len(files), height, width, channels)
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
