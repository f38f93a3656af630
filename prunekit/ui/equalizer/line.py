"""The line from the bars to the compute worker: a drag goes through it, so that no page runs while a hand moves.

A WebSocket for each tab, under the tab's secret id. The browser sends states, at most one of them unanswered; the
server answers the newest with readings on growing numbers of samples. A newer state supersedes an older one, and is
sent once the older one has its first reading: so every state is measured a little, or left out for a newer one.
"""

import asyncio
import json
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from prunekit.errors import PrunekitError
from prunekit.ui.equalizer import live, sent
from prunekit.ui.state.reading import measure
from prunekit.ui.state.tabs import Tab, tab_of

LONGEST = 1 << 20
"""Characters that a state may have."""
PAUSE = 0.004
"""Seconds between two looks at an answer under way."""


async def converse(socket: WebSocket) -> None:
    """Take states and answer the newest until the browser hangs up."""
    name = socket.path_params["tab"]
    if tab_of(name) is None or not _is_own(socket):
        await socket.close(1008)
        return
    await socket.accept()
    answering = asyncio.ensure_future(asyncio.sleep(0))
    try:
        while True:
            text = await socket.receive_text()
            answering.cancel()
            state, tab = _read(text), tab_of(name)  # another task may be on its desk by now
            if state is not None and tab is not None:
                answering = asyncio.ensure_future(_answer(socket, tab, state))
    except WebSocketDisconnect:
        pass
    finally:
        answering.cancel()


def routes() -> list[WebSocketRoute]:
    """Return what the app serves besides its pages."""
    return [WebSocketRoute("/line/{tab}", converse)]


async def _answer(socket: WebSocket, tab: Tab, state: sent.Sent) -> None:
    """Put a state on the desk, and send what is known of it, then all that comes to be known."""
    try:
        live.take(tab.opened, state, tab.session)
        told: tuple[int, bool] | None = None
        while tab.session.hand.rev == state.rev:  # else it was for other bars, or the page has a newer one
            await _news(tab, told[0] if told else 0)
            reply = live.reply(tab.opened, tab.session)
            if told != (reply["n"], reply["done"]):
                told = reply["n"], reply["done"]
                await asyncio.shield(socket.send_text(json.dumps(reply)))
            if reply["done"]:
                return
    except PrunekitError as error:
        await socket.send_text(json.dumps({"rev": state.rev, "n": 0, "done": True, "error": str(error)}))


async def _news(tab: Tab, n: int) -> None:
    """Wait until the answer has grown beyond ``n`` samples or has ended."""
    asked = measure(tab.opened, tab.session)
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
