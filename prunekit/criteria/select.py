"""Which units stay: the lowest scores go first, and a hand overrules them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from prunekit.graph.structure import Structure
from prunekit.recipe import Recipe, kept_units


def cut_groups(recipe: Recipe) -> tuple[str, ...]:
    """Return the groups a recipe cuts, by sparsity or by hand, in sorted order."""
    return tuple(sorted({*recipe.channels, *recipe.drop}))


def count_kept(
    structure: Structure, recipe: Recipe, allowed: Mapping[str, Sequence[int]] | None = None
) -> dict[str, int]:
    """Count the units a recipe keeps of each group, without scoring anything.

    Sparsity is a fraction of the dense count; units dropped by hand count within what it removes.
    Where the hand drops more than that, what is left is rounded to ``round_to`` again; where it
    keeps more, every unit it keeps stays.

    Args:
        structure: the analysis of the dense network.
        recipe: the question, with group names as the structure spells them.
        allowed: the units a base run still has, of each group it cut.

    Returns:
        Group → units kept, for each group that the recipe or the base run cuts.
    """
    base = allowed or {}
    counts = {group: len(units) for group, units in base.items()}
    dense = {group.name: group.units for group in structure.groups}
    for name in cut_groups(recipe):
        step = recipe.round_to.get(name, 1)
        goal = kept_units(dense[name], recipe.channels.get(name, 0.0), step)
        available = len(_candidates(base.get(name, range(dense[name])), recipe.drop.get(name, ())))
        counts[name] = max(_at_most(available, goal, step), len(recipe.keep.get(name, ())), 1)
    return counts


def select(
    structure: Structure,
    scores: Mapping[str, NDArray[np.float64]],
    recipe: Recipe,
    allowed: Mapping[str, Sequence[int]] | None = None,
) -> dict[str, tuple[int, ...]]:
    """Choose the units that stay in each group.

    Units go in one fixed order, so a larger sparsity removes a superset: dropped ones, then by
    rising score, the lower unit number first among equals, kept ones never.

    Args:
        structure: the analysis of the dense network.
        scores: group → ``(units,)`` scores of the dense units.
        recipe: the question, with group names as the structure spells them.
        allowed: the units a base run still has, of each group it cut.

    Returns:
        Group → kept unit numbers in rising order, for each group that the recipe or the base run cuts.
    """
    base = allowed or {}
    kept = {group: tuple(sorted(units)) for group, units in base.items()}
    counts = count_kept(structure, recipe, allowed)
    for name in cut_groups(recipe):
        keep, values = recipe.keep.get(name, ()), scores[name]
        candidates = _candidates(base.get(name, range(len(values))), recipe.drop.get(name, ()))
        leaving = sorted(candidates, key=lambda unit: (unit in keep, float(values[unit]), unit))
        kept[name] = tuple(sorted(leaving[len(leaving) - counts[name] :]))
    return kept


def _candidates(units: Sequence[int], drop: Sequence[int]) -> Sequence[int]:
    return [unit for unit in units if unit not in drop] if drop else units


def _at_most(available: int, goal: int, step: int) -> int:
    """Return the goal; where fewer are available, as many whole steps as they make, or all where they make none."""
    if goal <= available:
        return goal
    return available // step * step or available
