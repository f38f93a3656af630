"""From a person's arrays to samples that can be measured, checked before anything is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prunekit.errors import RAISED, TaskError, said
from prunekit.tasks.task import Split

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
        """Prepare inputs ``(n, channels, …)``.

        Raises:
            TaskError: the person's function raises, or returns something else than as many inputs.
        """
        if self.function is not None:
            return self._own(self.function, inputs)
        for values, work in ((self.mean, Tensor.sub), (self.std, Tensor.div)):
            if values:
                inputs = work(inputs, torch.tensor(values).view(1, -1, *[1] * (inputs.ndim - 2)))
        return inputs

    @staticmethod
    def _own(function: Callable[[Tensor], Any], inputs: Tensor) -> Tensor:
        try:
            with torch.no_grad():
                prepared = function(inputs)
        except RAISED as error:
            raise TaskError(f"The samples cannot be prepared: preprocess raised {said(error)}.") from error
        if not isinstance(prepared, Tensor):
            raise TaskError(f"The function preprocess must return one tensor; it returned {type(prepared).__name__}.")
        if prepared.shape[:1] != inputs.shape[:1]:
            raise TaskError(
                f"The function preprocess must return as many samples as it is given; given {tuple(inputs.shape)} it "
                f"returned {tuple(prepared.shape)}."
            )
        return prepared


def split_of(pair: Any, limit: int | None, prepare: Preparation, label: Label | None) -> Split:
    """Make tensors of a pair of inputs and targets, each ``(n, …)``; targets of ``None`` are what ``label`` says.

    Raises:
        TaskError: no pair of arrays, or no targets where nobody says them.
        TypeError: no arrays of numbers; so ``ValueError`` and ``RuntimeError``.
    """
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        description = f"{len(pair)} values" if isinstance(pair, tuple | list) else type(pair).__name__
        raise TaskError(f"Each split must be a pair of inputs and targets, (X, y); one is {description}.")
    inputs, targets = pair
    if isinstance(inputs, Mapping):
        raise TaskError(f"The inputs of a split must be one array, not a dictionary of {', '.join(map(str, inputs))}.")
    x = torch.as_tensor(inputs)[:limit]
    if x.dtype == torch.uint8:
        x = x.float() / 255
    elif x.is_floating_point():
        x = x.float()
    x = prepare(x).detach()
    if targets is None:
        if label is None:
            raise TaskError("The samples have no targets.")
        return Split(x, label(x) if len(x) else torch.zeros(0, dtype=torch.int64))
    if np.asarray(targets).dtype.kind in "US":
        raise TaskError("The targets are texts; give the number of each one's class, from 0, and name the classes.")
    y = torch.as_tensor(targets)[:limit]
    return Split(x, y if y.is_floating_point() else y.long())


def highest_target(name: str, split: Split, shape: tuple[int, ...]) -> int:
    """Check one split and return its highest target.

    Args:
        name: what the split is called.
        split: its samples.
        shape: shape of one of them.

    Raises:
        TaskError: none; of another shape; not numbers; or targets that are no classes.
    """
    inputs, targets = split.inputs, split.targets
    if not isinstance(inputs, Tensor) or not isinstance(targets, Tensor):
        raise TaskError(f"The {name} samples and targets of Data must be tensors; convert them with torch.as_tensor.")
    if not len(inputs):
        raise TaskError(f"There are no {name} samples; give at least one{'' if name == 'validation' else ', or none'}.")
    if tuple(inputs.shape[1:]) != shape:
        raise TaskError(f"The {name} samples have shape {tuple(inputs.shape[1:])}; {shape} is expected.")
    if inputs.requires_grad:
        raise TaskError(f"The {name} samples require gradients; give them with .detach().")
    if inputs.is_floating_point() and not (finite := inputs.isfinite().reshape(len(inputs), -1).all(1)).all():
        raise TaskError(
            f"Of the {len(inputs):,} {name} samples {int((~finite).sum()):,} hold NaN or infinity; replace those "
            "numbers, or leave the samples out."
        )
    places = tuple(targets.shape[1:])
    if len(targets) != len(inputs) or places not in ((), shape[1:]) or targets.is_floating_point():
        expected = f"({len(inputs)},)" + (f" or {(len(inputs), *shape[1:])}" if shape[1:] else "")
        raise TaskError(
            f"The {name} targets must be whole numbers, one for each of {len(inputs)} samples or of their pixels, "
            f"{expected}; they are {targets.dtype} of shape {tuple(targets.shape)}{_way_out(targets)}."
        )
    if int(targets.min()) < 0:
        raise TaskError(
            f"The {name} targets must count from 0; there is a {int(targets.min())}, and no number stands for none."
        )
    return int(targets.max())


def _way_out(targets: Tensor) -> str:
    """Say what to do with targets that are none."""
    if targets.is_floating_point() and bool((targets != targets.round()).any()):
        return "; networks that answer with numbers instead of classes are not supported"
    if targets.ndim > 1 and targets.shape[1] == 1:
        return "; take off the axis of length 1, as with y[:, 0]"
    if targets.ndim == 2 and bool(((targets != 0).sum(1) == 1).all()):
        return ": one-hot, of which y.argmax(1) makes whole numbers"
    return "; convert them, as with y.astype('int64')" if targets.is_floating_point() else ""
