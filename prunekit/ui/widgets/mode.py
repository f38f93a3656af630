"""The switch between the two modes, the same on every page that has one."""

import streamlit as st

from prunekit.records import Mode
from prunekit.ui.state.session import session


def mode_switch() -> Mode:
    """Draw the switch and return the mode of this tab."""
    now = session()
    chosen = st.segmented_control(
        "What a slider removes",
        list(Mode),
        default=now.mode,
        key="mode",
        format_func=lambda mode: mode.value.capitalize(),
        required=True,
        label_visibility="collapsed",
    )
    now.mode = chosen or now.mode
    return now.mode
