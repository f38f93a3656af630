"""The app's server in a thread of a process that also does other work."""

import asyncio
import atexit
import secrets
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st
import uvicorn
from streamlit import runtime

from prunekit.errors import PrunekitError
from prunekit.ui.door import Door
from prunekit.ui.guest import guest
from prunekit.ui.serving import SHELL, lifespan, routes

HOST = "127.0.0.1"
GRACE = 3
"""Seconds that running requests have to end once the server stops."""
LOOK = 0.01
"""Seconds between two checks of whether the server has started."""


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """A server that runs.

    Attributes:
        port: the port of this machine that it answers on.
        secret: the first part of the path under which a proxy may show it.
        behind: where a proxy shows that port: an address, or the path of one; ``None`` without a proxy.
        control: the object that stops it.
        thread: the thread it runs in.
    """

    port: int
    secret: str
    behind: str | None
    control: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        """Disconnect every page, close the port and end the thread; a second call does nothing."""
        atexit.unregister(self.stop)
        self.control.should_exit = True
        self.thread.join()


def start(port: int | None, behind: str | None) -> Server:
    """Start the app in a thread and return once it answers.

    Args:
        port: the port to answer on; a free one for ``None``.
        behind: where a proxy shows that port, with ``{port}`` in its place; ``None`` without a proxy.

    Raises:
        PrunekitError: the port is taken, this process is a Streamlit server itself, or the app does not start.
    """
    if runtime.exists():
        raise PrunekitError("This process is a Streamlit server already; serve the desk from a script or a notebook.")
    listening = _listen(port)
    port = listening.getsockname()[1]
    behind = behind and place(behind, port)
    secret = secrets.token_hex(16)
    app = Door(st.App(SHELL, lifespan=lifespan, routes=routes()), secret, _origin(behind))
    # The script keeps its signal handlers: uvicorn installs its own in the main thread only.
    control = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE, ws="websockets-sansio")
    )
    thread = threading.Thread(target=_run, args=(control, listening), name="prunekit-app", daemon=True)
    thread.start()
    while not control.started:
        thread.join(LOOK)
        if not thread.is_alive():
            raise PrunekitError("The app did not start; the reason is in this process's output.")
    server = Server(port, secret, behind, control, thread)
    atexit.register(server.stop)
    return server


def place(behind: str, port: int) -> str:
    """Return where a proxy shows a port, written one way.

    Example:
        >>> place("/user/me/proxy/{port}", 8501)
        '/user/me/proxy/8501/'
    """
    return f"{behind.replace('{port}', str(port)).rstrip('/')}/"


def _run(control: uvicorn.Server, listening: socket.socket) -> None:
    async def serve() -> None:
        await control.serve(sockets=[listening])
        if runtime.exists():
            await runtime.get_instance().stopped  # its sessions have ended, and no page runs any more

    with listening, guest():
        asyncio.run(serve())


def _listen(port: int | None) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port or 0))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        raise PrunekitError(f"Port {port} cannot be had ({error}); choose another, or leave it out.") from None
    return listening


def _origin(address: str | None) -> str | None:
    """Return the origin of pages that a proxy's address shows; ``None`` where only a path is known."""
    parts = urlsplit(address or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
