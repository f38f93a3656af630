"""What a criterion's function may look at, and how the scores of several tensors become one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunekit.errors import RecipeError

if TYPE_CHECKING:
    from torch import Tensor


class NotScorableError(RecipeError):
    """The criterion finds nothing to read here."""


@dataclass(frozen=True, slots=True)
class ScoreInput:
    """What a criterion may look at: one group's units, or one layer's single weights.

    Attributes:
        units: how many units (or weights) want a score.
        weights: the tensors that produce the units, each as ``(units, entries)``; for single
            weights one tensor ``(weights, 1)``.
        gradients: the loss gradients of each of ``weights`` as ``(batches, units, entries)``, where known.
        scales: the BatchNorm scales over the units, each as ``(units, entries)``.
        norms: the norms of the inputs of each of ``weights`` as ``(units, entries)``, where known.
        seed: seed for criteria that draw; every group and layer has its own.
    """

    units: int
    weights: "tuple[Tensor, ...]"
    gradients: "tuple[Tensor, ...] | None" = None
    scales: "tuple[Tensor, ...]" = ()
    norms: "tuple[Tensor, ...] | None" = None
    seed: int = 0


def balanced(parts: "Iterable[Tensor]") -> "Tensor":
    """Sum the scores that several tensors give the same units, each divided by its own mean.

    Without the division the tensor with the largest weights would decide alone.

    Args:
        parts: ``(units,)`` scores, one for each tensor.

    Returns:
        ``(units,)``; a tensor whose scores are all 0 adds nothing.

    Raises:
        NotScorableError: there is no tensor.

    Example:
        >>> import torch
        >>> balanced([torch.tensor([1.0, 3.0]), torch.tensor([300.0, 100.0])])
        tensor([2., 2.])
    """
    import torch

    scaled = [part / mean if (mean := part.mean()) > 0 else torch.zeros_like(part) for part in parts]
    if not scaled:
        raise NotScorableError("There is no weight to score.")
    return torch.stack(scaled).sum(0)
