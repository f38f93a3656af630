"""Units that a person keeps or drops whatever their score, by a click or from a list."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.recipe import Recipe
from prunekit.records import UnitScores
from prunekit.ui.state.moves import put
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import by_hand, keyed

if TYPE_CHECKING:
    from prunekit.verbs import Opened

LAST = "At least one unit has to stay: a cut never removes a whole group."


def decided(recipe: Recipe, group: str, keep: Iterable[int], drop: Iterable[int]) -> Recipe:
    """Return the recipe with the units of a group that a person keeps and drops; a unit in both is kept."""
    kept = tuple(keep)
    dropped = tuple(unit for unit in drop if unit not in kept)
    return replace(recipe, keep={**recipe.keep, group: kept}, drop={**recipe.drop, group: dropped})


def toggled(recipe: Recipe, shown: UnitScores, unit: int) -> Recipe:
    """Return the recipe after a click on a unit: dropped where it stayed, kept where it went.

    A unit that a person has decided on goes back to the fate of its score; one that the base has lost stays lost.

    Args:
        recipe: the desk.
        shown: the scores as they were drawn when the unit was clicked.
        unit: its number.
    """
    keep, drop = set(recipe.keep.get(shown.group, ())), set(recipe.drop.get(shown.group, ()))
    if unit in shown.gone:
        return recipe
    if unit in keep | drop:
        return decided(recipe, shown.group, keep - {unit}, drop - {unit})
    if unit in shown.kept:
        return decided(recipe, shown.group, keep, drop | {unit})
    return decided(recipe, shown.group, keep | {unit}, drop)


def leaves_some(recipe: Recipe, shown: UnitScores) -> bool:
    """Whether the group has a unit left that nobody has dropped."""
    return len({*shown.gone, *recipe.drop.get(shown.group, ())}) < len(shown.values)


def click(opened: "Opened", shown: UnitScores, unit: int) -> None:
    """Apply a click on a unit to the desk."""
    _move(toggled(desk_recipe(opened), shown, unit), shown)


def unit_pickers(opened: "Opened", shown: UnitScores) -> None:
    """Draw two lists of units that do by keyboard what clicks on a chart do."""
    recipe = desk_recipe(opened)
    lists = {"keep": recipe.keep.get(shown.group, ()), "drop": recipe.drop.get(shown.group, ())}
    alive = [unit for unit in range(len(shown.values)) if unit not in shown.gone]

    def pick(which: str, widget: str) -> None:
        picked = by_hand(widget)
        if picked is not None:
            other = "drop" if which == "keep" else "keep"
            rest = [unit for unit in lists[other] if unit not in picked]
            _move(decided(recipe, shown.group, **{which: picked, other: rest}), shown)

    columns = st.columns(2)
    for column, which in zip(columns, lists, strict=True):
        widget = f"{which}-{shown.group}"
        units = list(lists[which])
        column.multiselect(
            f"Always {which}",
            alive,
            units,
            key=keyed(widget, units),
            format_func=lambda unit: f"unit {unit}",
            placeholder="no unit",
            on_change=pick,
            args=(which, widget),
        )


def _move(recipe: Recipe, shown: UnitScores) -> None:
    if leaves_some(recipe, shown):
        put(recipe)
    else:
        st.toast(LAST, icon=":material/lock:")
