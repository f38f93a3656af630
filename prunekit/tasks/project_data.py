"""The samples of one's own task: an ``.npz`` file, a folder, or what a function returns.

A function returns a ``Data``, or ``{"train": (X, y), "validation": (X, y), "test": (X, y)}``. Of the splits only
validation must be there, and ``y`` may be ``None``: then what the dense network says is the target. uint8 inputs
become fractions 0–1, all others are taken as they are; then ``mean`` and ``std`` or a function of one's own prepare
them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from prunekit.errors import RAISED, TaskError, said
from prunekit.tasks.arrays import Arrays, in_three, read_npz
from prunekit.tasks.functions import import_function
from prunekit.tasks.samples import Label, Preparation, highest_target, split_of
from prunekit.tasks.task import Data, Split

SPLITS = ("train", "validation", "test")
SKLEARN_DIGITS = "sklearn:digits"


def project_data(
    source: str,
    folder: Path,
    shape: tuple[int, ...] | None,
    classes: Sequence[str] | None,
    *,
    limit: int | None = None,
    prepare: Preparation | None = None,
    label: Label | None = None,
) -> Data:
    """Read the samples that a project file names.

    Args:
        source: an ``.npz`` file, a folder of images or of CIFAR's batches, ``sklearn:digits``, or
            ``file.py:function`` or ``module:function``.
        folder: where the project file lies.
        shape: shape of one sample as the network takes it; images need it.
        classes: class names in target order; ``None`` takes the data's, or numbers them.
        limit: at most this many samples of each split.
        prepare: what is done to inputs.
        label: says what the targets are, where the data do not.

    Returns:
        The samples, checked against ``shape`` and ``classes``.

    Raises:
        TaskError: unreadable, or samples of another shape, type or range.
    """
    content = _read(source, folder, shape, limit)
    data = content if isinstance(content, Data) else _data(content, source, limit, prepare or Preparation(), label)
    return checked(data, None if data.train is None else _first_epoch(data.train, source), shape, classes)


def checked(data: Data, train: Split | None, shape: tuple[int, ...] | None, classes: Sequence[str] | None) -> Data:
    """Return samples that can be measured, with classes in target order.

    Args:
        data: the samples.
        train: the first epoch of its train samples, if it has any.
        shape: shape of one sample; ``None`` is that of the first split, validation.
        classes: class names in target order; ``None`` takes the data's, or numbers them.

    Raises:
        TaskError: samples of another shape, type or range.
    """
    beside = {name: split for name, split in (("test", data.test), ("train", train)) if split is not None}
    splits = {"validation": data.validation, **beside}
    shape = tuple(data.validation.inputs.shape[1:]) if shape is None else shape
    highest = max(highest_target(name, split, shape) for name, split in splits.items())
    if classes is not None:
        data = replace(data, classes=tuple(classes))
    elif not data.classes:
        data = replace(data, classes=tuple(map(str, range(highest + 1))))
    if highest >= len(data.classes):
        raise TaskError(f"There is a target {highest}, but only {len(data.classes)} classes are named.")
    return data


def _read(source: str, folder: Path, shape: tuple[int, ...] | None, limit: int | None) -> Data | Arrays:
    if source == SKLEARN_DIGITS:
        return _sklearn_digits()
    if ":" in source:
        return _from_function(source, folder)
    path = folder / source
    if path.is_dir():
        from prunekit.tasks.cifar import is_cifar, read_cifar
        from prunekit.tasks.image_folder import read_image_folder

        return read_cifar(path, limit) if is_cifar(path) else read_image_folder(path, shape or (), limit)
    return read_npz(path)


def _from_function(source: str, folder: Path) -> Data | Arrays:
    try:
        content = import_function(source, folder)()
    except TaskError:
        raise
    except RAISED as error:
        raise TaskError(f"The data function {source} raised {said(error)}.") from error
    if isinstance(content, Data):
        return content
    if not isinstance(content, Mapping) or not {"validation"} <= set(content) <= set(SPLITS):
        raise TaskError(
            f"The data function {source} must return Data, or {{'validation': (X, y)}}, with or without "
            f"'train' and 'test'; it returned {_shown(content)}."
        )
    return Arrays(content, note=f"Read from {source}.")


def _first_epoch(train: Callable[[int], Split], source: str) -> Split:
    try:
        return train(0)
    except RAISED as error:
        raise TaskError(f"The train samples of {source} cannot be drawn: train(0) raised {said(error)}.") from error


def _shown(content: object) -> str:
    keys = ", ".join(map(repr, content)) if isinstance(content, Mapping) else ""
    return f"a dictionary of {keys or 'nothing'}" if isinstance(content, Mapping) else type(content).__name__


def _sklearn_digits() -> Arrays:
    try:
        from sklearn.datasets import load_digits  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise TaskError("The data sklearn:digits come with scikit-learn: pip install scikit-learn.") from None
    digits = load_digits()
    inputs = (digits.images / 16).astype(np.float32)[:, None]
    return Arrays(in_three(inputs, digits.target), note="1,797 handwritten digits of 8×8 pixels from scikit-learn.")


def _data(arrays: Arrays, source: str, limit: int | None, prepare: Preparation, label: Label | None) -> Data:
    """Make tensors of the pairs."""
    try:
        splits = {name: split_of(pair, limit, prepare, label) for name, pair in arrays.pairs.items()}
    except TaskError:
        raise
    except (TypeError, ValueError, IndexError) as error:
        raise TaskError(f"The data of {source} must be pairs of inputs and targets as arrays: {error}.") from None
    except RuntimeError as error:
        raise TaskError(f"The samples cannot be prepared: {str(error).partition(chr(10))[0]}.") from error
    train = splits.get("train")
    return Data(
        validation=splits["validation"],
        test=splits.get("test"),
        train=None if train is None else lambda epoch: train,
        classes=arrays.classes,
        note=arrays.note,
    )
