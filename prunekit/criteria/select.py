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
    base = dict(allowed or {})
    counts = {group: len(units) for group, units in base.items()}
    for name in cut_groups(recipe):
        units = structure.group(name).units
        step = recipe.round_to.get(name, 1)
        candidates = set(base.get(name, range(units))) - set(recipe.drop.get(name, ()))
        wanted = kept_units(units, recipe.channels.get(name, 0.0), step)
        counts[name] = max(_at_most(len(candidates), wanted, step), len(recipe.keep.get(name, ())), 1)
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
    base = dict(allowed or {})
    kept = {group: tuple(sorted(units)) for group, units in base.items()}
    counts = count_kept(structure, recipe, allowed)
    for name in cut_groups(recipe):
        keep, drop = set(recipe.keep.get(name, ())), set(recipe.drop.get(name, ()))
        values = scores[name]
        candidates = [unit for unit in base.get(name, range(structure.group(name).units)) if unit not in drop]
        leaving = sorted(candidates, key=lambda unit: (unit in keep, float(values[unit]), unit))
        kept[name] = tuple(sorted(leaving[len(leaving) - counts[name] :]))
    return kept


def _at_most(available: int, wanted: int, step: int) -> int:
    """Keep what is wanted; where a hand or a base left less, whole steps of it if there is one."""
    if wanted <= available:
        return wanted
    return available // step * step or available
