"""What the server does besides running pages: it opens the first task in advance and serves the WebSockets."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prunekit.ui.equalizer.line import routes
from prunekit.ui.opening import offered_tasks
from prunekit.ui.state import tickets

__all__ = ["SHELL", "lifespan", "routes"]

SHELL = Path(__file__).with_name("shell.py")
"""The script that every page runs in."""
SWITCH = 0.0005
"""Seconds after which a busy thread gives the interpreter to another. A page is seventy files, and each of them and
each answer to a moving bar waits for the interpreter."""
HEAD_START = 0.5
"""Seconds in which a browser that is waiting already gets its files, before the import of torch slows them down."""


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Open the task a visitor sees first, in the worker's thread: torch takes its time to import."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    warming = asyncio.ensure_future(_warm())
    yield
    warming.cancel()
    sys.setswitchinterval(before)


async def _warm() -> None:
    await asyncio.sleep(HEAD_START)
    tickets.start(offered_tasks()[0])
