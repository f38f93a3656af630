"""Who may enter a server that a script or a notebook started.

The server is reached by the name of this machine, and by pages of its own only: a browser says by ``Origin`` where a
page is from. Behind a proxy the server has another name, which a proxy may even hide from it. A browser behind a proxy
therefore uses a path that begins with a secret, which only those know who were given it.
"""

import re
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
"""Hosts that reach nothing but the machine that a browser runs on, or what is tunnelled to it."""


class Door:
    """An app that answers its own pages and, under a secret prefix, those that one proxy shows.

    Args:
        app: the app that answers admitted requests.
        secret: the first part of the path that a proxy's address has.
        origin: the one other origin that the secret lets in, as ``https://hub.example``; for ``None`` the one that
            comes with the secret first.
    """

    def __init__(self, app: "ASGIApp", secret: str, origin: str | None = None) -> None:
        self._app = app
        self._prefix = f"/{secret}/"
        self._origin = origin

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer an admitted request; refuse any other."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        admitted = self._by_secret(scope) if scope["path"].startswith(self._prefix) else _from_here(scope)
        if admitted is not None:
            await self._app(admitted, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)
        else:
            await PlainTextResponse("This page may not ask here.", 403)(scope, receive, send)

    def _by_secret(self, scope: "Scope") -> "Scope | None":
        """Return the request as the app knows it, without the secret, and with the name that the browser gave."""
        path = scope["path"].removeprefix(self._prefix.rstrip("/"))
        inner = {**scope, "path": path, "raw_path": path.encode()}
        origin, host = _header(scope, b"origin"), _header(scope, b"host")
        if origin is None or _host_of(origin) == host:
            return inner
        self._origin = self._origin or origin
        if origin != self._origin:
            return None
        # The proxy sent its own host name; the app compares the origin with the host that the browser named.
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        return {**inner, "headers": [(b"host", _host_of(origin).encode()), *others]}


def _from_here(scope: "Scope") -> "Scope | None":
    """Return a request that reached this machine by its own name and came from one of its own pages."""
    origin, host = _header(scope, b"origin"), _header(scope, b"host") or ""
    # Under any other host name, which an attacker may have pointed here, every origin would look like its own.
    return scope if LOCAL.fullmatch(host) and origin in (None, f"http://{host}") else None


def _host_of(origin: str) -> str:
    return origin.partition("://")[2]


def _header(scope: "Scope", name: bytes) -> str | None:
    value: bytes | None = dict(scope["headers"]).get(name)
    return None if value is None else value.decode("latin-1")
