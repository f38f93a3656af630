"""The first look at a page: who comes to it sees its top before the rest of it is sent."""

import streamlit as st

from prunekit.ui.state.session import session

PAUSE = 0.15
"""Seconds in which the browser draws the top: it would show nothing of a page before it has drawn all it was sent."""


def arrive(page: str) -> None:
    """Note which page runs, by its address."""
    now = session()
    if page != now.page:
        now.page, now.has_come = page, True


def top_first() -> None:
    """End the first run of a page here; the browser asks for the whole of it as soon as the top is there."""
    now = session()
    if not now.has_come:
        return
    now.has_come = False
    is_drawn = False

    @st.fragment(run_every=PAUSE, key="rest-of-the-page")
    def rest() -> None:
        nonlocal is_drawn
        if is_drawn:
            st.rerun()
        is_drawn = True

    rest()
    st.stop()
