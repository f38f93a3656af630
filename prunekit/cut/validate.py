"""Checks that a recipe fits a network."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from prunekit.criteria import criterion_named
from prunekit.errors import RecipeError
from prunekit.graph.structure import Structure
from prunekit.recipe import Recipe

V = TypeVar("V")


def check_recipe(recipe: Recipe, structure: Structure, allowed: Mapping[str, Sequence[int]] | None = None) -> Recipe:
    """Return the recipe with every name as the structure spells it, if the network can answer it.

    Any member layer's name stands for its group. A ``round_to`` above a group's units is no error:
    such a group stays whole.

    Args:
        recipe: the question.
        structure: the analysis of the dense network.
        allowed: the units a base run still has, of each group it cut.

    Raises:
        RecipeError: an unknown criterion, group or layer (with close matches), a protected group
            (with its reason), one group given two values under two names, units that do not exist,
            that are both kept and dropped or that the base run no longer has, or a whole group dropped.
    """
    criterion_named(recipe.criterion)
    for layer in (*recipe.weights, *recipe.bits):
        structure.layer(layer)
    checked = replace(
        recipe,
        channels=_by_group("sparsity", recipe.channels, structure),
        keep=_by_group("keep", recipe.keep, structure),
        drop=_by_group("drop", recipe.drop, structure),
        round_to=_by_group("round_to", recipe.round_to, structure),
    )
    for name in sorted({*checked.keep, *checked.drop}):
        _check_units(checked, structure, name, dict(allowed or {}).get(name))
    return checked


def _by_group(what: str, values: Mapping[str, V], structure: Structure) -> dict[str, V]:
    by_group: dict[str, V] = {}
    for name, value in values.items():
        group = structure.group(name)
        if group.protected is not None:
            raise RecipeError(f"Group {group.name!r} is protected ({group.protected}); take {what} of {name!r} out.")
        if by_group.setdefault(group.name, value) != value:
            raise RecipeError(
                f"Group {group.name!r} moves as one, but {what} gives it both {by_group[group.name]!r} and {value!r}."
            )
    return by_group


def _check_units(recipe: Recipe, structure: Structure, name: str, allowed: Sequence[int] | None) -> None:
    units = structure.group(name).units
    keep, drop = recipe.keep.get(name, ()), recipe.drop.get(name, ())
    for what, numbers in (("keep", keep), ("drop", drop)):
        if numbers and max(numbers) >= units:
            raise RecipeError(f"Group {name!r} has units 0 to {units - 1}; {what} names {max(numbers)}.")
    if both := sorted(set(keep) & set(drop)):
        raise RecipeError(f"Unit {both[0]} of group {name!r} is both kept and dropped; take it out of one list.")
    alive = set(range(units) if allowed is None else allowed)
    if gone := sorted(set(keep) - alive):
        raise RecipeError(f"Unit {gone[0]} of group {name!r} was already removed by the base run; it cannot be kept.")
    if not alive - set(drop):
        raise RecipeError(f"drop names every unit of group {name!r}; at least one has to stay.")
