"""What the selected layer's weights look like, and what the desk's cut takes of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunekit.recipe import Recipe
from prunekit.records import Histogram, UnitScores
from prunekit.ui.jobs import ask
from prunekit.ui.session import Asked

if TYPE_CHECKING:
    from prunekit.verbs import Opened

BY_MAGNITUDE = ("l1", "l2")
"""Criteria that take single weights by their magnitude."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One layer's weights before and now.

    Attributes:
        before: bins of the dense layer.
        now: bins of the layer on the desk.
        threshold: weights of smaller magnitude are zeroed, read off the bins; ``None`` where they go by another rule.
        scores: its group's unit scores; ``None`` for a protected group.
    """

    before: Histogram
    now: Histogram
    threshold: float | None
    scores: UnitScores | None


def picture(opened: "Opened", recipe: Recipe, layer: str) -> Asked:
    """Ask for the picture of one layer."""
    return ask("picture", (opened.digest, recipe, layer), lambda: _drawn(opened, recipe, layer))


def _drawn(opened: "Opened", recipe: Recipe, layer: str) -> Iterator[Picture]:
    from prunekit import verbs

    before = next(found for found in verbs.histograms(opened) if found.layer == layer)
    now = next(found for found in verbs.histograms(opened, recipe) if found.layer == layer)
    sparsity = recipe.weights.get(layer, 0.0)
    threshold = magnitude_below(before, sparsity) if sparsity and recipe.criterion in BY_MAGNITUDE else None
    group = opened.structure.group(opened.structure.layer(layer).group)
    scores = None if group.protected else verbs.unit_scores(opened, recipe, group.name)
    yield Picture(before, now, threshold, scores)


def magnitude_below(found: Histogram, share: float) -> float:
    """Return the magnitude that a share of the weights stays below, linear within its bin.

    Args:
        found: bins that are symmetric about 0.
        share: fraction 0–1.

    Example:
        >>> magnitude_below(Histogram("fc", -2.0, 2.0, (1, 3, 3, 1), n=8, zeros=0), 0.75)
        1.0
    """
    half = len(found.counts) // 2
    width = (found.high - found.low) / len(found.counts)
    wanted, inside = share * found.n, 0
    for step in range(half):
        both = found.counts[half - 1 - step] + found.counts[len(found.counts) - half + step]
        if inside + both >= wanted:
            return width * (step + (wanted - inside) / both if both else step)
        inside += both
    return found.high
