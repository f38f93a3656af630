"""The samples of one's own task: an ``.npz`` file, a folder, or what a function returns.

A function returns a ``Data``, or ``{"train": (X, y), "validation": (X, y), "test": (X, y)}``. Of the splits only
validation must be there, and ``y`` may be ``None``: then what the dense network says is the target. uint8 inputs
become fractions 0–1, all others are taken as they are; then ``mean`` and ``std`` or a function of one's own prepare
them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prunekit.errors import TaskError
from prunekit.tasks.arrays import Arrays, in_three, read_npz
from prunekit.tasks.functions import import_function
from prunekit.tasks.task import Data, Split

SPLITS = ("train", "validation", "test")
SKLEARN_DIGITS = "sklearn:digits"

Label = Callable[[Tensor], Tensor]
"""Says for inputs ``(n, …)`` what their targets are, where the data do not."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is done to inputs before they go into the network.

    Attributes:
        mean: taken off each channel.
        std: each channel is divided by it.
        function: ``inputs (n, …) → inputs``, of the person's own, instead.
    """

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    function: Callable[[Tensor], Tensor] | None = None

    def __call__(self, inputs: Tensor) -> Tensor:
        """Prepare inputs ``(n, channels, …)``."""
        if self.function is not None:
            return self.function(inputs)
        for values, work in ((self.mean, Tensor.sub), (self.std, Tensor.div)):
            if values:
                inputs = work(inputs, torch.tensor(values).view(1, -1, *[1] * (inputs.ndim - 2)))
        return inputs


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
    given = _read(source, folder, shape, limit)
    data = given if isinstance(given, Data) else _data(given, source, limit, prepare or Preparation(), label)
    splits = {"validation": data.validation}
    if data.test is not None:
        splits["test"] = data.test
    if data.train is not None:
        splits["train"] = data.train(0)
    shape = tuple(data.validation.inputs.shape[1:]) if shape is None else shape
    highest = max(_highest_target(name, split, shape) for name, split in splits.items())
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


def _highest_target(name: str, split: Split, shape: tuple[int, ...]) -> int:
    """Check one split and return its highest target."""
    inputs, targets = split.inputs, split.targets
    if tuple(inputs.shape[1:]) != shape:
        raise TaskError(f"The {name} samples have shape {tuple(inputs.shape[1:])}; the project file says {shape}.")
    places = tuple(targets.shape[1:])
    if places not in ((), shape[1:]) or targets.is_floating_point() or len(targets) != len(inputs) or not len(inputs):
        raise TaskError(
            f"The {name} targets must be whole numbers, one for each of {len(inputs)} samples or of their pixels; "
            f"they are {targets.dtype} of shape {tuple(targets.shape)}."
        )
    if int(targets.min()) < 0:
        raise TaskError(f"The {name} targets must count from 0; there is a {int(targets.min())}.")
    return int(targets.max())


def _from_function(source: str, folder: Path) -> Data | Arrays:
    try:
        given = import_function(source, folder)()
    except TaskError:
        raise
    except Exception as error:
        raise TaskError(f"The data function {source} raised {type(error).__name__}: {error}.") from error
    if isinstance(given, Data):
        return given
    if not isinstance(given, Mapping) or not {"validation"} <= set(given) <= set(SPLITS):
        raise TaskError(f"The data function {source} must return Data, or pairs for train, validation and test.")
    return Arrays(given, note=f"Read from {source}.")


def _sklearn_digits() -> Arrays:
    try:
        from sklearn.datasets import load_digits  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise TaskError("The data sklearn:digits come with scikit-learn: pip install scikit-learn.") from None
    found = load_digits()
    inputs = (found.images / 16).astype(np.float32)[:, None]
    return Arrays(in_three(inputs, found.target), note="1,797 handwritten digits of 8×8 pixels from scikit-learn.")


def _data(given: Arrays, source: str, limit: int | None, prepare: Preparation, label: Label | None) -> Data:
    """Make tensors of the pairs."""
    try:
        splits = {name: _split(*pair, limit, prepare, label) for name, pair in given.pairs.items()}
    except TaskError:
        raise
    except (TypeError, ValueError) as error:
        raise TaskError(f"The data of {source} must be pairs of inputs and targets as arrays: {error}.") from None
    except RuntimeError as error:
        raise TaskError(f"The samples cannot be prepared: {str(error).partition(chr(10))[0]}.") from error
    train = splits.get("train")
    return Data(
        validation=splits["validation"],
        test=splits.get("test"),
        train=None if train is None else lambda epoch: train,
        classes=given.classes,
        note=given.note,
    )


def _split(inputs: Any, targets: Any, limit: int | None, prepare: Preparation, label: Label | None) -> Split:
    x = torch.as_tensor(inputs)[:limit]
    if x.dtype == torch.uint8:
        x = x.float() / 255
    elif x.dtype == torch.float64:
        x = x.float()
    x = prepare(x)
    if targets is None:
        if label is None:
            raise TaskError("The samples have no targets.")
        return Split(x, label(x))
    y = torch.as_tensor(targets)[:limit]
    return Split(x, y if y.is_floating_point() else y.long())
