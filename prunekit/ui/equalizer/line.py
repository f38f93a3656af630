"""The WebSocket from the bars to the compute worker, so that no page has to run while a bar is dragged.

Each tab has its own, under its secret id. The browser sends states, at most one of them unanswered; the
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
"""Seconds between two checks for a newer reading."""
REST = 0.05
"""Seconds between two checks of a repair, for which no hand waits."""


async def converse(socket: WebSocket) -> None:
    """Receive states and answer the newest until the browser disconnects."""
    name = socket.path_params["tab"]
    if tab_of(name) is None or not _is_own(socket):
        await socket.close(1008)
        return
    await socket.accept()
    answering = asyncio.ensure_future(asyncio.sleep(0))
    try:
        while True:
            text = await _received(socket)
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
    """Put a state on the desk, send what is known of it, and then each newer reading until the last."""
    try:
        live.take(tab.opened, state, tab.session)
        answered: tuple[int, bool, list[Any]] | None = None
        while tab.session.hand.rev == state.rev:  # otherwise it was for other bars, or there is a newer one
            await _news(tab, answered[0] if answered else 0)
            reply = live.reply(tab.opened, tab.session)
            if answered != (reply["n"], reply["done"], reply["repaired"]):
                answered = reply["n"], reply["done"], reply["repaired"]
                await asyncio.shield(socket.send_text(json.dumps(reply)))
            if reply["done"]:
                if reply["repaired"][1]:
                    return
                await asyncio.sleep(REST)
    except PrunekitError as error:
        await socket.send_text(json.dumps({"rev": state.rev, "n": 0, "done": True, "error": str(error)}))


async def _news(tab: Tab, n: int) -> None:
    """Wait until the answer has grown beyond ``n`` samples or has ended."""
    question = measure(tab.opened, tab.session)
    while not question.finished:
        latest = question.ticket.snapshot().latest
        if latest is not None and latest.reading.n > n:
            return
        await asyncio.sleep(PAUSE)


async def _received(socket: WebSocket) -> str:
    """Wait for a text; of bytes, which no browser of ours sends, there is none.

    Raises:
        WebSocketDisconnect: the browser hung up.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    return message.get("text") or ""


def _read(text: str) -> sent.Sent | None:
    if len(text) > LONGEST:
        return None
    try:
        state: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return sent.parse({"desk": state})


def _is_own(socket: WebSocket) -> bool:
    """Whether the request is from a page of this app: browsers name the origin of a page, other programs need not."""
    origin = socket.headers.get("origin")
    return origin is None or origin.partition("://")[2] == socket.headers.get("host")
