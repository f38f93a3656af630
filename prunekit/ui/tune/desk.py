"""A slider and a number box for one layer, for those who cannot or would rather not drag its bar."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.errors import listed
from prunekit.recipe import kept_units
from prunekit.records import Mode
from prunekit.ui.state.reading import base_recipe, desk_recipe
from prunekit.ui.state.rows import Row, desk_rows, moved
from prunekit.ui.state.session import by_hand, keyed, session
from prunekit.ui.tune.bits import layer_bits
from prunekit.ui.widgets.badges import sensitivities
from prunekit.ui.widgets.text import count, literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def layer_row(opened: "Opened", layer: str) -> None:
    """Draw one layer's slider and number box; what they cut moves on the bars as well.

    Args:
        opened: the task.
        layer: name of the layer.
    """
    from prunekit import verbs

    mode, recipe = session().mode, desk_recipe(opened)
    row = next(row for row in desk_rows(opened, recipe, mode, base_recipe(opened)) if row.layer == layer)
    sensitivity = sensitivities(verbs.known_points(opened, mode, recipe.criterion)).get(row.cuts)
    about, controls = st.columns([5, 8], vertical_alignment="center", gap="medium")
    with about, st.container(gap=None):
        badge = f" {sensitivity.badge}" if sensitivity and not row.protected else ""
        st.markdown(f"**{literal(row.layer)}**{badge}")
        st.caption(_fate(row))
    with controls, st.container(horizontal=True, vertical_alignment="center"):
        _controls(opened, row, mode)
        layer_bits(opened, row.layer)


def _fate(row: Row) -> str:
    """Write what is cut of the layer, or why it cannot be cut."""
    if row.protected:
        return f":material/lock: protected: {literal(row.reason)}"
    pieces = f"{count(row.pieces)} {row.unit}"
    text = pieces if row.kept == row.pieces else f"{count(row.kept)} of {pieces}"
    if row.floor:
        text += f" · {count(row.pieces - kept_units(row.pieces, row.floor))} went before the recovery"
    if row.gone:
        lost = round(row.gone * row.pieces)
        text += f" · {literal(row.reason)}" if row.unit == "weights" else f" · {lost} dropped by hand"
    if row.linked:
        why = f"moves with {listed(row.linked, most=3)}: {row.reason}"
        text += f" · :material/link: {literal(why)}"
    return text


def _controls(opened: "Opened", row: Row, mode: Mode) -> None:
    widget = f"desk-{mode.value}-{row.layer}"
    value = round(100 * row.level, 4)
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
        args=(opened, row, mode, f"{widget}-slider"),
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
        args=(opened, row, mode, f"{widget}-box"),
        disabled=off,
        label_visibility="collapsed",
        width=120,
    )


def _note(opened: "Opened", row: Row, mode: Mode, widget: str) -> None:
    value = by_hand(widget)
    if value is not None:
        session().recipe = moved(desk_recipe(opened), mode, {row.cuts: row.sparsity_at(value / 100)})
