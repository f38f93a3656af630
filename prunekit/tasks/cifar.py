"""CIFAR-10 and CIFAR-100 as they are downloaded: folders of pickles, read without running anything in them.

Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
"""

from pathlib import Path
from typing import Any

import numpy as np

from prunekit.errors import TaskError
from prunekit.foreign import ask
from prunekit.tasks.arrays import Arrays, Pair, in_turns

VALIDATION = 10
"""One in so many train images of every class is for validation."""


def is_cifar(folder: Path) -> bool:
    """Whether a folder is one of CIFAR-10's or CIFAR-100's python versions."""
    return (folder / "data_batch_1").is_file() or all((folder / name).is_file() for name in ("train", "test", "meta"))


def read_cifar(folder: Path, limit: int | None = None) -> Arrays:
    """Read a CIFAR folder; a tenth of the train images is for validation.

    Args:
        folder: ``cifar-10-batches-py`` or ``cifar-100-python``.
        limit: at most this many images of each split, evenly over the classes.

    Raises:
        TaskError: a file is missing, damaged, or asks for other Python objects than arrays.
    """
    if (folder / "data_batch_1").is_file():
        train, test = sorted(folder.glob("data_batch_*")), folder / "test_batch"
        labels, meta, names = "labels", folder / "batches.meta", "label_names"
    else:
        train, test = [folder / "train"], folder / "test"
        labels, meta, names = "fine_labels", folder / "meta", "fine_label_names"
    inputs, targets = _images(train, labels, folder)
    order = in_turns(targets)
    validation = np.zeros(len(targets), dtype=bool)
    for label in np.unique(targets):
        validation[np.flatnonzero(targets == label)[::VALIDATION]] = True
    pairs: dict[str, Pair] = {}
    for split, rows in (("train", order[~validation[order]][:limit]), ("validation", order[validation[order]][:limit])):
        pairs[split] = inputs[rows], targets[rows]
    inputs, targets = _images([test], labels, folder)
    rows = in_turns(targets, limit)
    classes = tuple(ask("cifar", meta, f"The data file {meta}", TaskError, names=names).head["names"])
    return Arrays({**pairs, "test": (inputs[rows], targets[rows])}, classes, f"Read from {folder.name}.")


def _images(files: list[Path], labels: str, folder: Path) -> tuple[Any, Any]:
    """Read batches as images ``(n, 3, 32, 32)`` uint8 and their classes ``(n,)``."""
    found = ask("cifar", files, f"The data folder {folder}", TaskError, labels=labels)
    targets = np.concatenate([np.array(batch, dtype=np.int64) for batch in found.head["labels"]])
    return np.frombuffer(found.data, dtype=np.uint8).reshape(len(targets), 3, 32, 32), targets
