"""The pages with their titles and icons; this is the only place that lists them."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.ui.home import home

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

FOLDER = home() / "pages"
SECTIONS = {
    "Prune": {
        "tune": ("Tune", "tune"),
        "sensitivity": ("Sensitivity", "monitor_heart"),
        "recover": ("Recover", "healing"),
        "compare": ("Compare", "account_tree"),
        "export": ("Export", "download"),
    },
    "Look inside": {
        "weights": ("Weights", "bar_chart"),
        "open": ("Open", "folder_open"),
    },
}
"""Section → file name of a page without its ending → title and icon."""


def navigation() -> "Page":
    """Draw the links to all pages and return the page to run."""
    return st.navigation({section: [_page(name) for name in pages] for section, pages in SECTIONS.items()})


def link(name: str, label: str) -> None:
    """Draw a link to a page."""
    page = _page(name)
    st.page_link(page, label=label, icon=page.icon)


def _page(name: str) -> "Page":
    title, icon = next(pages[name] for pages in SECTIONS.values() if name in pages)
    return st.Page(FOLDER / f"{name}.py", title=title, icon=f":material/{icon}:", default=name == "tune")
