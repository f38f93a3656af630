"""An introduction in three steps for the first visit; once closed, it is not shown again in any tab."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from prunekit.verbs import Opened

SETTING = "welcomed"
STEPS = (
    ("tune", "Drag a bar", "Counts follow your hand, and the network is measured while it moves."),
    ("healing", "Recover", "A pass or two over the train samples brings back most of what a cut took."),
    ("download", "Export", "The file really is smaller, and proven equal to what was measured."),
)


def welcome(opened: "Opened") -> None:
    """Draw the steps, unless somebody has closed them."""
    if opened.workspace.setting(SETTING):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        for number, (icon, title, text) in enumerate(STEPS, 1):
            with st.container(gap=None, width="stretch"):
                st.markdown(f":material/{icon}: **{number}. {title}**")
                st.caption(text)
        st.button("Got it", key="welcomed", on_click=opened.workspace.set_setting, args=(SETTING, True))
