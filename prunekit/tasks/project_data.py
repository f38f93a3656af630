"""The samples of one's own task: arrays in an ``.npz`` file, or what a function returns.

An ``.npz`` file holds either ``X`` and ``y``, which are split 60 / 20 / 20 for every class, or
``x_val``, ``y_val``, ``x_test``, ``y_test`` and, for recovery, ``x_train``, ``y_train``. A
function returns a ``Data``, or ``{"train": (X, y), "validation": (X, y), "test": (X, y)}``
(``train`` may be left out). uint8 inputs become fractions 0–1, all others are taken as they are.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prunekit.errors import TaskError
from prunekit.tasks.functions import import_function
from prunekit.tasks.task import Data, Split

_ARRAYS = {"train": ("x_train", "y_train"), "validation": ("x_val", "y_val"), "test": ("x_test", "y_test")}


def project_data(source: str, folder: Path, shape: tuple[int, ...], classes: Sequence[str] | None) -> Data:
    """Read the samples that a project file names.

    Args:
        source: an ``.npz`` file, or ``file.py:function`` or ``module:function``.
        folder: where the project file lies.
        shape: shape of one sample.
        classes: class names in target order; ``None`` numbers them.

    Returns:
        The samples, checked against ``shape`` and ``classes``.

    Raises:
        TaskError: unreadable, or samples of another shape, type or range.
    """
    data = _from_function(source, folder) if ":" in source else _from_npz(folder / source)
    splits = {"validation": data.validation, "test": data.test}
    if data.train is not None:
        splits["train"] = data.train(0)
    highest = max(_highest_target(name, split, shape) for name, split in splits.items())
    if classes is not None:
        data = replace(data, classes=tuple(classes))
    elif not data.classes:
        data = replace(data, classes=tuple(map(str, range(highest + 1))))
    if highest >= len(data.classes):
        raise TaskError(f"There is a target {highest}, but only {len(data.classes)} classes are named.")
    return data


def _highest_target(name: str, split: Split, shape: tuple[int, ...]) -> int:
    """Check one split and return its highest target."""
    inputs, targets = split.inputs, split.targets
    if tuple(inputs.shape[1:]) != shape:
        raise TaskError(f"The {name} samples have shape {tuple(inputs.shape[1:])}; the project file says {shape}.")
    if targets.ndim != 1 or targets.is_floating_point() or len(targets) != len(inputs) or not len(inputs):
        raise TaskError(
            f"The {name} targets must be whole numbers, one for each of {len(inputs)} samples; "
            f"they are {targets.dtype} of shape {tuple(targets.shape)}."
        )
    if int(targets.min()) < 0:
        raise TaskError(f"The {name} targets must count from 0; there is a {int(targets.min())}.")
    return int(targets.max())


def _from_function(source: str, folder: Path) -> Data:
    try:
        given = import_function(source, folder)()
    except TaskError:
        raise
    except Exception as error:
        raise TaskError(f"The data function {source} raised {type(error).__name__}: {error}.") from error
    if isinstance(given, Data):
        return given
    if not isinstance(given, Mapping) or not {"validation", "test"} <= set(given) <= set(_ARRAYS):
        raise TaskError(f"The data function {source} must return Data, or pairs for train, validation and test.")
    return _data(given, source)


def _from_npz(path: Path) -> Data:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
    except OSError as error:
        raise TaskError(f"The data file {path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile):
        raise TaskError(f"The data file {path} is no .npz file of plain arrays.") from None
    if set(arrays) == {"X", "y"} and arrays["X"].shape[:1] == arrays["y"].shape:
        return _data(_split_in_three(arrays["X"], arrays["y"]), path.name)
    pairs = {name: (arrays[x], arrays[y]) for name, (x, y) in _ARRAYS.items() if x in arrays and y in arrays}
    if not {"validation", "test"} <= set(pairs):
        raise TaskError(
            f"The data file {path.name} must hold X and y of one length, or x_val, y_val, x_test, y_test "
            f"(and x_train, y_train); it holds {', '.join(arrays)}."
        )
    return _data(pairs, path.name)


def _split_in_three(inputs: Any, targets: Any) -> dict[str, tuple[Any, Any]]:
    """Split every class 60 / 20 / 20, in an order that is drawn once and for all."""
    order = np.argsort(np.random.Generator(np.random.PCG64(0)).random(len(targets)))
    part = np.empty(len(targets), dtype=np.int64)
    for label in np.unique(targets):
        rows = order[targets[order] == label]
        part[rows] = np.minimum(np.arange(len(rows)) * 5 // len(rows), 4)
    rows = {"train": order[part[order] < 3], "validation": order[part[order] == 3], "test": order[part[order] == 4]}
    return {name: (inputs[chosen], targets[chosen]) for name, chosen in rows.items()}


def _data(pairs: Mapping[str, tuple[Any, Any]], source: str) -> Data:
    """Make tensors of the pairs; class names are left to the caller."""
    try:
        splits = {name: _split(*pair) for name, pair in pairs.items()}
    except (TypeError, ValueError) as error:
        raise TaskError(f"The data of {source} must be pairs of inputs and targets as arrays: {error}.") from None
    train = splits.get("train")
    return Data(
        validation=splits["validation"],
        test=splits["test"],
        train=None if train is None else lambda epoch: train,
        classes=(),
        note=f"Read from {source}.",
    )


def _split(inputs: Any, targets: Any) -> Split:
    x, y = torch.as_tensor(inputs), torch.as_tensor(targets)
    if x.dtype == torch.uint8:
        x = x.float() / 255
    elif x.dtype == torch.float64:
        x = x.float()
    return Split(x, y if y.is_floating_point() else y.long())
