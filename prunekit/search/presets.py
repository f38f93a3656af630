"""Presets: three ways to spread one sparsity over a network."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from prunekit.errors import RecipeError
from prunekit.graph.structure import Structure
from prunekit.recipe import kept_units
from prunekit.records import Mode, Point
from prunekit.search.curves import Curve, harm_curves
from prunekit.search.scan import sizes

CAP = 0.95
"""No preset removes more than this fraction of one group or layer, nor ever all of it."""


def uniform(
    structure: Structure,
    sparsity: float,
    mode: Mode = Mode.CHANNELS,
    held: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Give every prunable group (or every layer) the same sparsity, but what is held its own."""
    return {**dict.fromkeys(sizes(structure, mode), sparsity), **(held or {})}


def global_scores(
    scores: Mapping[str, NDArray[np.float64]], sparsity: float, comparable: bool = False
) -> dict[str, float]:
    """Remove the lowest scores of the whole network, whatever group or layer they are in.

    Scores are divided by the mean of their own group or layer first, so that those with small
    weights do not vanish. At most 95 % of each are taken and never all.

    Args:
        scores: group or layer → scores of its units or weights, any shape.
        sparsity: fraction 0–1 of all of them to remove, rounded to a whole number.
        comparable: whether scores of different groups or layers can be compared as they are, as those of LAMP.

    Returns:
        Group or layer → the exact fraction removed of it.
    """
    removable: list[NDArray[np.float64]] = []
    for values in scores.values():
        lowest = np.sort(values, axis=None)[: _most(values.size)]
        mean = 1.0 if comparable else values.mean()
        removable.append(lowest / mean if mean > 0 else lowest)
    target = round(sparsity * sum(values.size for values in scores.values()))
    owners = np.repeat(np.arange(len(removable)), [len(values) for values in removable])
    first = np.argsort(np.concatenate([*removable, []]), kind="stable")[:target]
    removed = np.bincount(owners[first], minlength=len(removable))
    return {name: int(count) / values.size for (name, values), count in zip(scores.items(), removed, strict=True)}


def by_sensitivity(
    structure: Structure,
    points: Sequence[Point],
    sparsity: float,
    held: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Cut every group (or layer) as far as it does the same harm.

    Harm is the KL divergence to the dense output, interpolated between the points of a scan. The
    common limit is bisected until as much goes as the uniform preset removes at ``sparsity``: MACs
    for groups, weights for layers. No group goes further than it was scanned, and one without a
    point stays whole.

    Args:
        structure: the analysis of the dense network.
        points: a scan's points, all of one mode.
        sparsity: fraction 0–1 of the uniform preset that sets the target.
        held: group or layer → the sparsity at which it stays.

    Returns:
        Group or layer → the exact fraction removed of it.

    Raises:
        RecipeError: there are no points to go by.
    """
    curves = harm_curves(points)
    if not curves:
        raise RecipeError("The sensitivity preset needs measured points, and there are none; run a scan first.")
    mode = Mode(points[0].kind)
    size = sizes(structure, mode)

    def remains(shares: Mapping[str, float]) -> int:
        kept = {name: kept_units(size[name], share) for name, share in shares.items()}
        return structure.cost(kept).macs if mode is Mode.CHANNELS else sum({**size, **kept}.values())

    def under(limit: float) -> dict[str, float]:
        return {**{name: min(CAP, _reach(curve, limit)) for name, curve in curves.items()}, **(held or {})}

    target = remains(uniform(structure, sparsity, mode, held))
    low, high = 0.0, max(harm for curve in curves.values() for _, harm in curve)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if remains(under(middle)) > target else (low, middle)
    shares = under(high)
    return {name: (n - kept_units(n, shares.get(name, 0.0))) / n for name, n in size.items()} | dict(held or {})


def _reach(curve: Curve, limit: float) -> float:
    """Return the largest sparsity whose interpolated harm does not pass the limit."""
    for (before, less), (after, more) in pairwise(curve):
        if more > limit:
            return before + (after - before) * (limit - less) / (more - less)
    return curve[-1][0]


def _most(n: int) -> int:
    return min(n - 1, math.floor(CAP * n + 1e-9))
