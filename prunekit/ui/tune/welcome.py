"""A line for the first visit; once closed, it is not shown again in any tab."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from prunekit.verbs import Opened

SETTING = "welcomed"
LINE = (
    "Drag a bar: counts follow your hand, and the network is measured while it moves. :material/healing: **Recover** "
    "brings back most of what a cut took, :material/download: **Export** writes the smaller network, proven equal."
)


def welcome(opened: "Opened") -> None:
    """Draw the line, unless somebody has closed it."""
    if opened.workspace.setting(SETTING):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):  # as wide as possible, so that the button stands beside it
            st.caption(LINE)
        st.button("Got it", key="welcomed", on_click=opened.workspace.set_setting, args=(SETTING, True))
