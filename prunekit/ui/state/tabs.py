"""The tabs whose bars may connect to the server, each under its secret id."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunekit.ui.state.session import Session

if TYPE_CHECKING:
    from prunekit.verbs import Opened

KEPT = 64
"""The number of tabs that may connect; the one whose page ran longest ago is dropped first."""


@dataclass(frozen=True, slots=True, eq=False)
class Tab:
    """The desk that a connection changes.

    Attributes:
        opened: the task on it.
        session: the state of the tab.
    """

    opened: "Opened"
    session: Session


_tabs: OrderedDict[str, Tab] = OrderedDict()


def open_line(opened: "Opened", now: Session) -> str:
    """Let a tab's bars connect, and return the address of the WebSocket relative to the app's."""
    _tabs[now.id] = Tab(opened, now)
    _tabs.move_to_end(now.id)
    while len(_tabs) > KEPT:
        _tabs.popitem(last=False)
    return f"line/{now.id}"


def tab_of(name: str) -> Tab | None:
    """Return the tab of an id; ``None`` for one that no page of this server has."""
    return _tabs.get(name)
