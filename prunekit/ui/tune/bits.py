"""Controls of the bits: of all inner layers at once, of one layer, and of activations."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.recipe import BITS
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import by_hand, keyed, session
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened

AS_TRAINED = 32
OPTIONS = (AS_TRAINED, *BITS)
MIXED = 0
"""The value for layers with different bits; no button has it."""


def called(bits: int) -> str:
    """Name a number of bits."""
    names = {AS_TRAINED: "as trained", 2: "2, ternary", 1: "1, binary"}
    return names.get(bits, str(bits))


def bits_menu(opened: "Opened") -> None:
    """Draw the menu that sets the bits of all layers but the first and the last, and those of activations."""
    from prunekit.quantize.preset import inner_layers

    recipe, layers = desk_recipe(opened), inner_layers(opened.structure)
    in_use = {recipe.bits.get(layer, AS_TRAINED) for layer in layers or recipe.bits}
    now = in_use.pop() if len(in_use) == 1 else MIXED
    label = f"Bits: {called(now) if now else 'mixed'}" if recipe.bits else "Bits"
    with st.popover(label, icon=":material/memory:"):
        st.segmented_control(
            "Bits of every weight, but in the first and the last layer",
            OPTIONS,
            default=now or None,
            format_func=called,
            key=keyed("bits", now),
            on_change=_set_all,
            args=(opened, layers),
            disabled=not layers,
        )
        if not layers:
            st.caption(
                ":material/info: This network has no layer between its first and its last; each layer's own bits can "
                "be chosen beside its slider."
            )
        st.caption(
            "Weights are rounded for each output channel after the cut, and stored packed. One layer's bits stand "
            "beside its slider. 8 to 4 bits are often harmless; 2 and 1 want the Recover page, which trains them. "
            "Fewer bits make a smaller file, not a faster network: for speed export int8."
        )
        st.toggle(
            "Activations of 8 bits",
            recipe.activation_bits == 8,
            key=keyed("activations", recipe.activation_bits == 8),
            on_change=_set_activations,
            args=(opened,),
            disabled=not recipe.bits or opened.task.data.train is None,
            help="What quantised layers read is rounded to 256 levels of the range seen on train samples. "
            "Measured by the network's own forward pass, so a little slower.",
        )


def layer_bits(opened: "Opened", layer: str) -> None:
    """Draw the choice of one layer's bits."""
    now = desk_recipe(opened).bits.get(layer, AS_TRAINED)
    widget = f"bits-{layer}"
    st.selectbox(
        f"Bits of {literal(layer)}",
        OPTIONS,
        OPTIONS.index(now),
        format_func=lambda bits: "bits: as trained" if bits == AS_TRAINED else f"bits: {called(bits)}",
        key=keyed(widget, now),
        on_change=_set_one,
        args=(opened, layer, widget),
        label_visibility="collapsed",
        width=160,
    )


def _set_all(opened: "Opened", layers: Iterable[str]) -> None:
    bits = by_hand("bits")
    if bits:
        _put(opened, layers, bits)


def _set_one(opened: "Opened", layer: str, widget: str) -> None:
    bits = by_hand(widget)
    if bits:
        _put(opened, [layer], bits)


def _put(opened: "Opened", layers: Iterable[str], bits: int) -> None:
    recipe = desk_recipe(opened)
    bits_of = {**recipe.bits, **dict.fromkeys(layers, bits)}
    session().recipe = replace(recipe, bits={layer: n for layer, n in bits_of.items() if n != AS_TRAINED})


def _set_activations(opened: "Opened") -> None:
    value = by_hand("activations")
    if value is not None:
        session().recipe = replace(desk_recipe(opened), activation_bits=8 if value else None)
