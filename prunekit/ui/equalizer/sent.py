"""States of the bars as the browser sends them: data from outside, so every field is checked."""

from dataclasses import dataclass
from typing import Any

COMMANDS = ("undo", "redo")


@dataclass(frozen=True, slots=True)
class Sent:
    """One state of the bars.

    Attributes:
        rev: number of the state, rising within one tab.
        is_final: whether the bar was released.
        layout: the set of bars, by the name that ``live.layout`` gave it.
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
    """Read a state that the component keeps or that came over the WebSocket; ``None`` if it is not a valid one."""
    fields = state.get("desk") if hasattr(state, "get") else None
    if not isinstance(fields, dict):
        return None
    try:
        return Sent(
            rev=int(fields["rev"]),
            is_final=fields["phase"] == "commit",
            layout=str(fields["layout"]),
            focus=fields["focus"] if isinstance(fields["focus"], str) else None,
            values={str(name): _fraction(value) for name, value in fields["values"].items()},
            pinned=tuple(str(name) for name in fields["pinned"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def parse_command(state: Any) -> tuple[str, str] | None:
    """Read the command of a key on the bars and the id of that press; ``None`` if there is none."""
    command = state.get("command") if hasattr(state, "get") else None
    if not isinstance(command, dict) or command.get("name") not in COMMANDS:
        return None
    return str(command["name"]), str(command.get("press"))


def _fraction(value: Any) -> float:
    number = float(value)
    if number != number:
        raise ValueError("not a number is no sparsity")
    return min(1.0, max(0.0, number))
