"""What a hand has done to the bars, as the browser sends it: data from outside, so nothing is taken on trust."""

from dataclasses import dataclass
from typing import Any

COMMANDS = ("undo", "redo")


@dataclass(frozen=True, slots=True)
class Sent:
    """One state of the bars.

    Attributes:
        rev: counts the states of one tab.
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


def parse(state: Any) -> Sent | None:
    """Read a state, as the component keeps it or as it came over the line; ``None`` for what is none."""
    found = state.get("desk") if hasattr(state, "get") else None
    if not isinstance(found, dict):
        return None
    try:
        return Sent(
            rev=int(found["rev"]),
            is_final=found["phase"] == "commit",
            layout=str(found["layout"]),
            focus=found["focus"] if isinstance(found["focus"], str) else None,
            values={str(name): _fraction(value) for name, value in found["values"].items()},
            pinned=tuple(str(name) for name in found["pinned"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def parse_command(state: Any) -> tuple[str, str] | None:
    """Read what a key on the bars asks for, and which press of it that was; ``None`` for nothing."""
    found = state.get("command") if hasattr(state, "get") else None
    if not isinstance(found, dict) or found.get("name") not in COMMANDS:
        return None
    return str(found["name"]), str(found.get("press"))


def _fraction(value: Any) -> float:
    number = float(value)
    if number != number:
        raise ValueError("not a number is no sparsity")
    return min(1.0, max(0.0, number))
