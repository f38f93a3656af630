"""Whether criteria agree on which units go first."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def spearman(a: Vector, b: Vector) -> float | None:
    """Compute the rank correlation of two scorings; equal scores share their mean rank.

    Source: Spearman, The Proof and Measurement of Association between Two Things, 1904.

    Args:
        a: ``(units,)`` scores.
        b: ``(units,)`` other scores of the same units.

    Returns:
        From −1 (reversed) to 1 (the same order); ``None`` where one scores all units alike.

    Example:
        >>> spearman(np.array([0.1, 0.2, 0.3]), np.array([1.0, 40.0, 900.0]))
        1.0
    """
    first, second = (ranks - ranks.mean() for ranks in (_ranks(a), _ranks(b)))
    scale = np.sqrt((first @ first) * (second @ second))
    return float(np.clip(first @ second / scale, -1.0, 1.0)) if scale else None


def agreement(scores: Mapping[str, Vector]) -> tuple[tuple[float | None, ...], ...]:
    """Compute the rank correlation of every criterion with every criterion.

    Args:
        scores: criterion → ``(units,)`` scores of the same units.

    Returns:
        A symmetric matrix in the order of ``scores``.
    """
    return tuple(tuple(spearman(a, b) for b in scores.values()) for a in scores.values())


def _ranks(values: Vector) -> Vector:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    means: Vector = np.cumsum(counts) - (counts - 1) / 2
    return means[places]
