"""What a page says once its server does not answer any more, in place of Streamlit's question about the internet."""

import json
from collections.abc import Mapping
from functools import cache
from os import environ
from pathlib import Path

import streamlit as st

from prunekit.tasks.zoo import BUNDLED
from prunekit.ui.state import objects
from prunekit.ui.state.titles import task_title

HERE = Path(__file__).parent
HTML = '<div popover="manual" role="alert"><strong></strong><p></p><code></code></div>'


def gone_note(first: str) -> None:
    """Leave a note on the page that shows itself as long as the server does not answer.

    Args:
        first: the task that the server offers first.
    """
    css, js = _sources()
    show = st.components.v2.component("prunekit_gone", html=HTML, css=css, js=js)
    # As bytes: in anything else Streamlit would look for data frames, and import pandas to do so.
    show(key="gone", data=json.dumps(note(first)).encode())


def note(first: str, environment: Mapping[str, str] = environ) -> dict[str, str]:
    """Return the note: what has happened, what to do, and the command that does it.

    Example:
        >>> note("resnet8", {})["command"]
        'prunekit app'
        >>> note("vgg", {"PRUNEKIT_TASK": "vgg"})["command"]
        'prunekit app vgg'
        >>> note("/data/shapes/prunekit.toml", {"PRUNEKIT_TASK": "/data/shapes/prunekit.toml"})["command"]
        'prunekit app shapes'
    """
    title = "PruneKit's server has stopped"
    text = "Start it again, nothing is lost: your cuts are in the workspace, and this page comes back by itself."
    if objects.title(first) is not None:  # a script or a notebook serves it
        return {"title": title, "text": text, "command": "desk.app()"}
    named = environment.get("PRUNEKIT_TASK", "").strip()
    name = named if named in BUNDLED or not named else task_title(named)
    return {"title": title, "text": text, "command": f"prunekit app {name}".strip()}


@cache
def _sources() -> tuple[str, str]:
    return (HERE / "gone.css").read_text("utf-8"), (HERE / "gone.js").read_text("utf-8")
