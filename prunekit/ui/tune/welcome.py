"""A few words for the first visit; once closed, they are not shown again in any tab."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from prunekit.verbs import Opened

SETTING = "welcomed"
WORDS = "Drag a bar: counts follow your hand, and the network is measured while it moves. Then **Recover**, **Export**."


def welcome(opened: "Opened") -> None:
    """Draw the words beside the desk, where they take no room from it, unless somebody has closed them."""
    if opened.workspace.setting(SETTING):
        return
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            st.caption(WORDS)
        st.button("Got it", key="welcomed", type="tertiary", on_click=_close, args=(opened,))


def _close(opened: "Opened") -> None:
    opened.workspace.set_setting(SETTING, True)
