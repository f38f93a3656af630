"""The equalizer: a bar for every layer that can be dragged, in plain JavaScript without a build step."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
SCRIPTS = (
    "counts.js",
    "sensitivity.js",
    "courier.js",
    "presses.js",
    "page.js",
    "shade.js",
    "histogram.js",
    "bars.js",
    "strip.js",
    "overview.js",
    "panel.js",
    "dial.js",
    "hands.js",
    "desk.js",
)
"""The scripts, each after those it needs; the browser gets them as one module."""


def equalizer(key: str, data: dict[str, Any], on_command: Callable[[], None]) -> None:
    """Draw the bars and the readings; the browser sends their changes over the WebSocket of ``line``.

    Args:
        key: names the component in the session's state.
        data: see ``live.data``: line, bars, groups, terms, values, pinned, version, layout, pressed, reply.
        on_command: called when keys ask to undo or redo; ``command`` of the state says how often, and which.
    """
    # As bytes: in anything else Streamlit would look for data frames, and import pandas to do so.
    text = json.dumps(data).encode()
    _component()(key=key, data=text, default={"desk": None}, on_desk_change=_noted, on_command_change=on_command)


def _noted() -> None:
    """Do nothing: without a callback Streamlit would not keep the browser's state."""


def _component() -> Any:
    html, css, js = _sources()
    return st.components.v2.component("prunekit_equalizer", html=html, css=css, js=js)


@cache
def _sources() -> tuple[str, str, str]:
    scripts = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
    return (HERE / "desk.html").read_text("utf-8"), (HERE / "desk.css").read_text("utf-8"), scripts
