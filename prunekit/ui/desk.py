"""The desk: a slider and a number box for every layer, in execution order."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.recipe import Recipe, kept_units
from prunekit.records import Mode
from prunekit.ui.badges import Sensitivity
from prunekit.ui.rows import Row, moved, rows
from prunekit.ui.session import by_hand, keyed, session
from prunekit.ui.text import count, listed, literal

if TYPE_CHECKING:
    from prunekit.graph import Structure


def desk(
    structure: "Structure",
    recipe: Recipe,
    mode: Mode = Mode.CHANNELS,
    base: Recipe | None = None,
    sensitivity: Mapping[str, Sensitivity] | None = None,
) -> Recipe:
    """Draw the desk and return the recipe as the hand has left it.

    Args:
        structure: the analysis of the dense network.
        recipe: what the desk shows.
        mode: what the sliders remove.
        base: recipe of the run the desk starts from, below which no slider goes.
        sensitivity: how each group or layer took being cut alone, where that was measured.
    """
    recipe = _after_move(recipe, mode, rows(structure, recipe, mode, base))
    first_of: dict[str, str] = {}
    for row in rows(structure, recipe, mode, base):
        leads = first_of.setdefault(row.cuts, row.layer) == row.layer
        _draw(row, mode, leads, (sensitivity or {}).get(row.cuts))
    return recipe


def _after_move(recipe: Recipe, mode: Mode, before: tuple[Row, ...]) -> Recipe:
    """Take over the slider or box that was moved; the rest of its group follows."""
    now = session()
    if now.moved is None:
        return recipe
    layer, sparsity = now.moved
    now.moved = None
    row = next((row for row in before if row.layer == layer), None)
    if row is None or row.protected:
        return recipe
    now.layer = layer
    return moved(recipe, mode, {row.cuts: max(row.floor, sparsity)})


def _draw(row: Row, mode: Mode, leads: bool, sensitivity: Sensitivity | None) -> None:
    about, controls = st.columns([5, 8], vertical_alignment="center", gap="medium")
    with about, st.container(gap=None):
        badge = f" {sensitivity.badge}" if sensitivity and leads and not row.protected else ""
        st.markdown(f"**{literal(row.layer)}**{badge}")
        st.caption(_fate(row, leads))
    with controls, st.container(horizontal=True, vertical_alignment="center"):
        _controls(row, mode)


def _fate(row: Row, leads: bool) -> str:
    """Say in words what becomes of the layer."""
    if row.protected:
        return f":material/lock: protected: {literal(row.reason)}"
    pieces = f"{count(row.pieces)} {row.unit}"
    text = pieces if row.kept == row.pieces else f"{count(row.kept)} of {pieces}"
    if row.floor:
        text += f" · {count(row.pieces - kept_units(row.pieces, row.floor))} went before the recovery"
    if row.linked:
        why = row.reason if leads and row.reason else f"moves with {listed(row.linked, most=1)}"
        text += f" · :material/link: {literal(why)}"
    return text


def _controls(row: Row, mode: Mode) -> None:
    widget = f"desk-{mode.value}-{row.layer}"
    value = round(100 * row.sparsity, 4)
    label = literal(f"Sparsity of {row.layer}, percent")
    off = row.protected or row.pieces < 2
    st.slider(
        label,
        0.0,
        100.0,
        value,
        step=1.0,
        format="%.0f %%",
        key=keyed(f"{widget}-slider", value),
        on_change=_note,
        args=(row.layer, f"{widget}-slider"),
        disabled=off,
        label_visibility="collapsed",
    )
    st.number_input(
        label,
        0.0,
        100.0,
        value,
        step=1.0,
        format="%.1f",
        key=keyed(f"{widget}-box", value),
        on_change=_note,
        args=(row.layer, f"{widget}-box"),
        disabled=off,
        label_visibility="collapsed",
        width=120,
    )


def _note(layer: str, widget: str) -> None:
    value = by_hand(widget)
    if value is not None:
        session().moved = (layer, value / 100)
