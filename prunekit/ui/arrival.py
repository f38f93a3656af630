"""Show the top of a page first: a visitor sees it before the rest of the page is computed."""

import streamlit as st

from prunekit.ui.state.session import session

PAUSE = 0.15
"""Seconds that the browser has to draw the top; it shows nothing until it has drawn all that it has received."""


def arrive(page: str) -> None:
    """Note which page runs, by its address."""
    now = session()
    if page != now.page:
        now.page, now.has_come = page, True


def top_first() -> None:
    """End the first run of a page here; the browser asks for the whole page as soon as it has drawn the top."""
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
