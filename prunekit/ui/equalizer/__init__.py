"""The equalizer: a bar for every layer that can be dragged, in plain JavaScript without a build step."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
SCRIPTS = ("counts.js", "sensitivity.js", "courier.js", "bars.js", "readout.js", "hands.js", "desk.js")
"""In the order in which they build on each other; the browser gets them as one module."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a hand has done, as the browser sent it.

    Attributes:
        rev: counts the states of one page load.
        is_final: the hand has let go.
        layout: what the bars stood for.
        focus: the layer in focus.
        values: sparsity (fraction 0–1) of each group or layer.
        pinned: groups or layers that presets leave alone.
    """

    rev: int
    is_final: bool
    layout: str
    focus: str | None
    values: dict[str, float]
    pinned: tuple[str, ...]


def equalizer(key: str, data: dict[str, Any], on_command: Callable[[], None]) -> None:
    """Draw the bars; what a hand does with them is read with `sent`.

    Args:
        key: names the component in the session's state.
        data: see ``content``: bars, groups, terms, values, pinned, version, layout, reply.
        on_command: called when a key asks to undo or redo; ``command`` of the state says which.
    """
    # As one text: Streamlit would look for data frames in every value, and import pandas to do so.
    _component()(
        key=key, data=json.dumps(data), default={"desk": None}, on_desk_change=_noted, on_command_change=on_command
    )


def _noted() -> None:
    """Without a callback the browser's state would not be kept."""


def sent(state: Any) -> Sent | None:
    """Read the component's state as it stands in the session; data from a browser, so nothing is taken on trust."""
    found = state.get("desk") if state else None
    if not isinstance(found, dict):
        return None
    try:
        return Sent(
            rev=int(found["rev"]),
            is_final=found["phase"] == "commit",
            layout=str(found["layout"]),
            focus=found["focus"] if isinstance(found["focus"], str) else None,
            values={str(name): min(1.0, max(0.0, float(value))) for name, value in found["values"].items()},
            pinned=tuple(str(name) for name in found["pinned"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _component() -> Any:
    return st.components.v2.component(
        "prunekit_equalizer",
        html=(HERE / "desk.html").read_text("utf-8"),
        css=(HERE / "desk.css").read_text("utf-8"),
        js="\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS),
    )
