"""Samples as arrays: pairs of inputs and targets by split, read from ``.npz`` files and divided where need be."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.errors import TaskError
from prunekit.foreign import Answer, ask

Pair = tuple[Any, Any]
"""Inputs ``(n, …)`` and targets ``(n, …)``; ``None`` where there are no targets."""

_ARRAYS = {"train": ("x_train", "y_train"), "validation": ("x_val", "y_val"), "test": ("x_test", "y_test")}


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Samples before they are tensors.

    Attributes:
        pairs: of ``train``, ``validation`` and ``test`` those that there are; ``validation`` always.
        classes: class names in target order, where the source names them.
        note: one sentence on where they come from.
    """

    pairs: Mapping[str, Pair]
    classes: tuple[str, ...] = ()
    note: str = ""


def read_npz(path: Path) -> Arrays:
    """Read an ``.npz`` file of plain arrays; a pickle in it is refused.

    It holds ``X``, with ``y`` unless there are no labels, divided 60 / 20 / 20 for every class; or ``x_val`` with
    ``y_val`` and, where there are, the same of ``test`` and ``train``.

    Raises:
        TaskError: unreadable, or other arrays.
    """
    arrays = _arrays(ask("npz", path, f"The data file {path}", TaskError))
    note = f"Read from {path.name}."
    if scalars := [name for name, array in arrays.items() if not array.ndim]:
        raise TaskError(
            f"The array {scalars[0]} of {path.name} is a single number; its first axis must be the samples."
        )
    if set(arrays) == {"X"}:
        return Arrays(in_three(arrays["X"], None), note=note)
    if set(arrays) == {"X", "y"} and len(arrays["X"]) == len(arrays["y"]):
        return Arrays(in_three(arrays["X"], arrays["y"]), note=note)
    pairs = {name: (arrays[x], arrays.get(y)) for name, (x, y) in _ARRAYS.items() if x in arrays}
    if "validation" not in pairs:
        raise TaskError(
            f"The data file {path.name} must hold X and y of one length, or x_val, y_val (and x_test, y_test, "
            f"x_train, y_train); it holds {', '.join(arrays)}."
        )
    return Arrays(pairs, note=note)


def _arrays(found: Answer) -> dict[str, NDArray[Any]]:
    """Make arrays of their bytes, which lie one after the other."""
    arrays: dict[str, NDArray[Any]] = {}
    place = 0
    for name, kind, sizes, is_fortran in found.head["arrays"]:
        dtype, count = np.dtype(kind), math.prod(sizes)
        numbers = np.frombuffer(found.data, dtype, count, place) if count else np.empty(0, dtype)
        arrays[name] = numbers.reshape(sizes, order="F" if is_fortran else "C")
        place += count * dtype.itemsize
    return arrays


def in_three(inputs: Any, targets: Any) -> dict[str, Pair]:
    """Divide every class 60 / 20 / 20 into train, validation and test, in an order that is drawn once and for all.

    There is no test where the classes are too small for it.

    Raises:
        TaskError: they are too small for validation.
    """
    has_classes = targets is not None and targets.ndim == 1 and targets.dtype.kind not in "fc"
    labels = targets if has_classes else np.zeros(len(inputs), dtype=np.int64)
    order = np.argsort(np.random.Generator(np.random.PCG64(0)).random(len(labels)))
    part = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        part[rows] = np.minimum(np.arange(len(rows)) * 5 // len(rows), 4)
    rows = {"train": order[part[order] < 3], "validation": order[part[order] == 3], "test": order[part[order] == 4]}
    if not len(labels):
        raise TaskError("There are no samples to divide into train, validation and test; give at least 3 of a class.")
    if not len(rows["validation"]):
        raise TaskError(
            f"Of {len(labels)} in all no sample is left for validation, which takes a fifth of each class; give at "
            "least 3 of a class, or divide them yourself."
        )
    return {
        name: (inputs[chosen], None if targets is None else targets[chosen])
        for name, chosen in rows.items()
        if len(chosen)
    }


def in_turns(labels: NDArray[np.int64], most: int | None = None) -> NDArray[np.int64]:
    """Order samples so that the classes take turns, and leave out what is more than ``most``.

    So the first ``n`` are spread evenly over the classes, whatever ``n`` is.

    Example:
        >>> in_turns(np.array([0, 0, 0, 1, 1]), 3).tolist()
        [0, 3, 1]
    """
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        turn[rows] = np.arange(len(rows))
    return np.lexsort((labels, turn))[:most]
