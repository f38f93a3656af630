"""A box for a number that a job starts with; a number out of bounds is refused beside it, and no job starts."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from prunekit.ui.state.session import shown

CHANGED = "The numbers have changed meanwhile; look at what they will cost, and press again."


@dataclass(frozen=True, slots=True)
class Number:
    """What stands in a box.

    Attributes:
        key: the box's key.
        value: its number as it was drawn; ``None`` for an empty box.
        refusal: why no job may start with it; empty where one may.
    """

    key: str
    value: float | None
    refusal: str = ""


def number_box(label: str, low: float, high: float, value: float | None, *, key: str, **options: Any) -> Number:
    """Draw a box and, below it, why its number is refused.

    Args:
        label: its label.
        low: the lowest number that is accepted.
        high: the highest.
        value: what it begins with.
        key: its key.
        options: other arguments of ``st.number_input``.
    """
    # Bounds of the box's own would keep a refused number in the browser, and the page would go on with the one before.
    with st.container(gap="xxsmall", width=options.get("width", "stretch")):
        number: float | None = st.number_input(label, value=value, key=key, **options)
        refusal = "" if number is None or low <= number <= high else f"{number:g} is not from {low:g} to {high:g}."
        if refusal:
            st.caption(f":orange[:material/error: {refusal}]")
    return Number(key, number, refusal)


def still_stand(*numbers: Number) -> bool:
    """Return whether boxes hold what a button was drawn for; otherwise say so. For the button's callback.

    The click that leaves a box may reach the server before the page has run with the box's new number.
    """
    if all(shown(number.key) == number.value and not number.refusal for number in numbers):
        return True
    st.toast(CHANGED, icon=":material/edit:")
    return False
