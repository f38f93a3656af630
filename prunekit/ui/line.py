"""The line from the bars to the compute worker: a drag goes through it, so that no page runs while a hand moves.

A WebSocket for each tab, under the tab's secret id. The browser sends states, at most one of them unanswered; the
server answers the newest with readings on growing numbers of samples. A newer state supersedes an older one, and is
sent once the older one has its first reading: so every state is measured a little, or left out for a newer one.
"""

import asyncio
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from prunekit.ui.equalizer import sent
from prunekit.ui.session import Session

if TYPE_CHECKING:
    from prunekit.verbs import Opened

KEPT = 64
"""Tabs whose line stays open; the one that was silent longest goes first."""
LONGEST = 1 << 20
"""Characters that a state may have."""
PAUSE = 0.004
"""Seconds between two looks at an answer under way."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Whose desk a line moves.

    Attributes:
        opened: the task on it.
        session: the tab.
    """

    opened: "Opened"
    session: Session


_lines: OrderedDict[str, Line] = OrderedDict()


def open_line(opened: "Opened", now: Session) -> str:
    """Let a tab's bars talk to the worker, and return the line's address below the app's."""
    _lines[now.id] = Line(opened, now)
    _lines.move_to_end(now.id)
    while len(_lines) > KEPT:
        _lines.popitem(last=False)
    return f"line/{now.id}"


async def converse(socket: WebSocket) -> None:
    """Take states and answer the newest until the browser hangs up."""
    line = _lines.get(socket.path_params["tab"])
    if line is None or not _is_own(socket):
        await socket.close(1008)
        return
    await socket.accept()
    answering = asyncio.ensure_future(asyncio.sleep(0))
    try:
        while True:
            text = await socket.receive_text()
            answering.cancel()
            state = _read(text)
            if state is not None:
                answering = asyncio.ensure_future(_answer(socket, _lines.get(line.session.id, line), state))
    except WebSocketDisconnect:
        pass
    finally:
        answering.cancel()


def routes() -> list[WebSocketRoute]:
    """Return what the app serves besides its pages."""
    return [WebSocketRoute("/line/{tab}", converse)]


async def _answer(socket: WebSocket, line: Line, state: sent.Sent) -> None:
    """Put a state on the desk, and send what is known of it, then all that comes to be known."""
    from prunekit.errors import PrunekitError
    from prunekit.ui import live

    try:
        live.take(line.opened, state, line.session)
        told: tuple[int, bool] | None = None
        while line.session.hand.rev == state.rev:  # else it was for other bars, or the page has a newer one
            await _news(line, told[0] if told else 0)
            reply = live.reply(line.opened, line.session)
            if told != (reply["n"], reply["done"]):
                told = reply["n"], reply["done"]
                await asyncio.shield(socket.send_text(json.dumps(reply)))
            if reply["done"]:
                return
    except PrunekitError as error:
        await socket.send_text(json.dumps({"rev": state.rev, "n": 0, "done": True, "error": str(error)}))


async def _news(line: Line, n: int) -> None:
    """Wait until the answer has grown beyond ``n`` samples or has ended."""
    from prunekit.ui.reading import measure

    asked = measure(line.opened, line.session)
    while not asked.finished:
        latest = asked.ticket.snapshot().latest
        if latest is not None and latest.reading.n > n:
            return
        await asyncio.sleep(PAUSE)


def _read(text: str) -> sent.Sent | None:
    if len(text) > LONGEST:
        return None
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return sent.parse({"desk": found})


def _is_own(socket: WebSocket) -> bool:
    """Whether a page of this app asks: a browser says where a page is from, and other programs need not."""
    origin = socket.headers.get("origin")
    return origin is None or origin.partition("://")[2] == socket.headers.get("host")
