"""The dashboard from a script's or a notebook's own process, on the very objects that it opened."""

import threading
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from prunekit.errors import PrunekitError
from prunekit.ui.reach import frame, hubs_proxy, tunnel
from prunekit.ui.server import HOST, Server, place, start
from prunekit.ui.state import objects

if TYPE_CHECKING:
    from prunekit.verbs import Opened

_changing = threading.RLock()
_servings: "dict[Opened, Serving]" = {}


class Serving:
    """A task that this process offers on the dashboard, until ``stop``.

    Attributes:
        server: what serves it, and all that this process offers.
        url: where a browser on this machine finds it.
        proxied: where a proxy shows it: an address, or the path of one; ``None`` without a proxy.
    """

    def __init__(self, opened: "Opened", name: str, server: Server) -> None:
        self._opened = opened
        self._name = name
        self._stopped = threading.Event()
        query = f"?task={quote(name)}"
        self.server = server
        self.url = f"http://{HOST}:{server.port}/{query}"
        self.proxied = f"{server.behind}{server.secret}/{query}" if server.behind else None

    @property
    def running(self) -> bool:
        """Whether the dashboard answers and offers it."""
        return not self._stopped.is_set() and self.server.thread.is_alive()

    def stop(self) -> None:
        """Take the task off the dashboard; the last one closes it and its port. A second call does nothing."""
        with _changing:
            self._stopped.set()
            if _servings.get(self._opened) is self:
                del _servings[self._opened]
                objects.withdraw(self._name)
            if not any(other.server is self.server for other in _servings.values()):
                self.server.stop()

    def wait(self) -> None:
        """Print the address, and keep a script running until Ctrl+C or until another thread stops it."""
        print(self)
        try:
            self._stopped.wait()
        except KeyboardInterrupt:
            self.stop()

    def __repr__(self) -> str:
        title = self._opened.task.title
        if not self.running:
            return f"The dashboard no longer offers {title!r}."
        first = f"The dashboard offers {title!r} at {self.proxied or self.url}"
        command = None if self.proxied else tunnel(self.server.port)
        return f"{first}\nFrom the machine you sit at, first: {command}" if command else first

    def _repr_html_(self) -> str:
        can_show = self.running and (self.proxied or not tunnel(self.server.port))
        return frame(self.proxied or self.url) if can_show else f"<pre>{escape(repr(self))}</pre>"


def serve(opened: "Opened", port: int | None = None, behind: str | None = None) -> Serving:
    """Serve the dashboard from a thread of this process, which computes on its one worker like everything else.

    All that a process serves is on one dashboard; serving a task again returns what is running.

    Args:
        opened: the task to offer.
        port: the port of this machine to answer on; a free one for ``None``.
        behind: where a proxy shows that port, with ``{port}`` in its place: an address such as
            ``https://hub.example/user/me/proxy/{port}/``, or the path of one; for ``None`` that of the JupyterHub that
            this process runs in, if it does.

    Raises:
        PrunekitError: the port is taken, the dashboard of this process answers elsewhere, or it cannot start.
    """
    with _changing:
        for ended in [serving for serving in _servings.values() if not serving.running]:
            ended.stop()
        server = next((serving.server for serving in _servings.values()), None)
        if server is not None and (port or server.port) != server.port:
            raise PrunekitError(
                f"The dashboard of this process answers on port {server.port} already, not {port}; "
                "leave the port out, or stop it first."
            )
        if server is not None and behind is not None and place(behind, server.port) != server.behind:
            raise PrunekitError(
                f"The dashboard of this process is shown at {server.behind or 'no proxy'} already, not at {behind}; "
                "leave behind out, or stop it first."
            )
        if opened in _servings:
            return _servings[opened]
        name = objects.offer(opened)
        try:
            server = server or start(port, behind or hubs_proxy())
        except PrunekitError:
            objects.withdraw(name)
            raise
        serving = _servings[opened] = Serving(opened, name, server)
        return serving
