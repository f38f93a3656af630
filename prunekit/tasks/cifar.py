"""CIFAR-10 and CIFAR-100 as they are downloaded: folders of pickles, read without running anything in them.

Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
"""

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prunekit.errors import TaskError
from prunekit.tasks.arrays import Arrays, Pair, in_turns

VALIDATION = 10
"""One in so many train images of every class is for validation."""
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
    ("_codecs", "encode"): ("_codecs", "encode"),
}
"""All that an array in a pickle needs, where it is imported from, and where numpy keeps it today."""


class _Arrays(pickle.Unpickler):
    """Makes arrays, numbers, texts and containers of them, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(*_ALLOWED[module, name])


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
        labels, meta, names = b"labels", folder / "batches.meta", b"label_names"
    else:
        train, test = [folder / "train"], folder / "test"
        labels, meta, names = b"fine_labels", folder / "meta", b"fine_label_names"
    inputs, targets = _images([_unpickled(file) for file in train], labels, folder)
    order = in_turns(targets)
    validation = np.zeros(len(targets), dtype=bool)
    for label in np.unique(targets):
        validation[np.flatnonzero(targets == label)[::VALIDATION]] = True
    pairs: dict[str, Pair] = {}
    for split, rows in (("train", order[~validation[order]][:limit]), ("validation", order[validation[order]][:limit])):
        pairs[split] = inputs[rows], targets[rows]
    inputs, targets = _images([_unpickled(test)], labels, folder)
    rows = in_turns(targets, limit)
    classes = tuple(name.decode() for name in _unpickled(meta).get(names, ()))
    return Arrays({**pairs, "test": (inputs[rows], targets[rows])}, classes, f"Read from {folder.name}.")


def _unpickled(path: Path) -> Mapping[bytes, Any]:
    try:
        content = _Arrays(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except OSError as error:
        raise TaskError(f"The data file {path} cannot be read: {error.strerror}.") from None
    except pickle.UnpicklingError as error:
        raise TaskError(f"The data file {path} is damaged, or asks for more than arrays ({error}).") from None
    except Exception as error:  # a damaged pickle may raise anything
        raise TaskError(f"The data file {path} is damaged ({type(error).__name__}).") from None
    if not isinstance(content, dict):
        raise TaskError(f"The data file {path} is none of CIFAR's.")
    return content


def _images(batches: list[Mapping[bytes, Any]], labels: bytes, folder: Path) -> tuple[Any, Any]:
    try:
        inputs = np.concatenate([np.asarray(batch[b"data"], dtype=np.uint8) for batch in batches])
        targets = np.concatenate([np.asarray(batch[labels], dtype=np.int64) for batch in batches])
        return inputs.reshape(len(targets), 3, 32, 32), targets
    except (KeyError, ValueError, TypeError):
        raise TaskError(f"The files in {folder} do not hold CIFAR's images and labels.") from None
