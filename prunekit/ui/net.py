"""The outer net of the pages: what nobody foresaw becomes a sentence where the page would have gone on."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from prunekit.store.unforeseen import noted
from prunekit.ui.widgets.text import literal


@contextmanager
def net() -> Iterator[None]:
    """Draw an error instead of what the block was about to draw; a page that stops or runs anew is none."""
    try:
        yield
    except Exception as error:
        st.error(literal(noted(error)), icon=":material/error:")
