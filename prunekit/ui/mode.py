"""The switch between the two modes, the same on every page that has one."""

import streamlit as st

from prunekit.records import Mode
from prunekit.ui.session import session, show, shown


def mode_switch() -> Mode:
    """Draw the switch and return the mode of this tab."""
    show("mode", session().mode)
    st.segmented_control(
        "What a slider removes",
        list(Mode),
        key="mode",
        format_func=lambda mode: mode.value.capitalize(),
        required=True,
        on_change=_take,
        label_visibility="collapsed",
    )
    return session().mode


def _take() -> None:
    session().mode = Mode(shown("mode"))
