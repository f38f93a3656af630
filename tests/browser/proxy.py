"""A reverse proxy as a hub has one: it cuts off the path that it shows an app under, and asks by a name of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

NOT_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Proxy:
    """What a proxy is and has seen.

    Attributes:
        origin: where it answers.
        strays: paths that it was asked for and that lie outside of what it shows.
    """

    origin: str = ""
    strays: list[str] = field(default_factory=list)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one request, or one WebSocket, from ``/user/x/proxy/PORT/…`` to ``/…`` of that port."""
        request, *headers = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        method, path, version = request.split(b" ")
        _, user, name, proxy, port, rest = (*path.split(b"/", 5), b"", b"", b"", b"")[:6]
        if (user, name, proxy) != (b"user", b"x", b"proxy"):
            self.strays.append(path.decode())
            writer.write(NOT_HERE)
            writer.close()
            return
        app, to_app = await asyncio.open_connection("127.0.0.1", int(port))
        is_socket = any(line.lower() == b"upgrade: websocket" for line in headers)
        dropped = (b"host:",) if is_socket else (b"host:", b"connection:")
        kept = [line for line in headers if line and not line.lower().startswith(dropped)]
        own = [b"Host: 127.0.0.1:" + port, *([] if is_socket else [b"Connection: close"])]
        to_app.write(b"\r\n".join([b" ".join([method, b"/" + rest, version]), *own, *kept, b"", b""]))
        await asyncio.gather(_pour(reader, to_app), _pour(app, writer))


async def _pour(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(1 << 16):
            into.write(data)
            await into.drain()
    except ConnectionError:
        pass  # either side may hang up
    finally:
        into.close()


@contextmanager
def proxying() -> Iterator[Proxy]:
    """Run a proxy in a thread until the block ends."""
    proxy, loop, ready, ended = Proxy(), asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
        proxy.origin = f"http://hub.localhost:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await ended.wait()
        server.close()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    loop.set_exception_handler(lambda *_: None)  # a browser that hangs up in the middle of an answer
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield proxy
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
