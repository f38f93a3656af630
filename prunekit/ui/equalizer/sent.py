"""States of the bars as the browser sends them: data from outside, so every field is checked."""

import re
from dataclasses import dataclass
from typing import Any

COMMANDS = re.compile("undo|redo|(keep|drop|free) [0-9]{1,6} .{1,200}", re.DOTALL)
"""What a press asks for: a step in the history, or what becomes of one unit of a group."""
MOST = 64
"""Presses that one message is followed for; a hand is not that fast."""


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


@dataclass(frozen=True, slots=True)
class Presses:
    """Presses of the keys that undo and redo, which the browser counts.

    Attributes:
        hand: the component in the browser that counts them.
        count: the number of the newest one, from 1.
        names: the commands of the newest ones, the newest last.
    """

    hand: str
    count: int
    names: tuple[str, ...]

    def after(self, hand: str, count: int) -> tuple[str, ...]:
        """Return the commands that were pressed after the press with a number.

        Example:
            >>> Presses("a", 5, ("undo", "undo", "redo")).after("a", 3)
            ('undo', 'redo')
        """
        more = self.count - (count if hand == self.hand else 0)
        return self.names[-more:] if more > 0 else ()


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


def parse_presses(state: Any) -> Presses | None:
    """Read the presses of undo and redo keys; ``None`` if there are none, or what came is something else."""
    fields = state.get("command") if hasattr(state, "get") else None
    if not isinstance(fields, dict):
        return None
    try:
        presses = Presses(str(fields["hand"]), int(fields["count"]), tuple(fields["names"])[-MOST:])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return presses if all(COMMANDS.fullmatch(str(name)) for name in presses.names) else None


def _fraction(value: Any) -> float:
    number = float(value)
    if number != number:
        raise ValueError("not a number is no sparsity")
    return min(1.0, max(0.0, number))
