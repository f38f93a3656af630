"""What the server does besides running pages: it opens the first task while the browser loads, and keeps the lines."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from prunekit.ui import cached
from prunekit.ui.line import routes
from prunekit.ui.opening import offered_tasks, workspace_folder

__all__ = ["lifespan", "routes"]

SWITCH = 0.0005
"""Seconds after which a busy thread lets another have the interpreter: a page is seventy files and each waits for it,
and so does every answer to a moving bar."""


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Start to open the task a visitor sees first, in the worker's thread: torch takes its time to import."""
    sys.setswitchinterval(SWITCH)
    cached.opening(offered_tasks()[0], workspace_folder(), "", None)
    yield
