"""The worker that a process shares: screen, script and notebook compute on one thread."""

import atexit
from functools import cache

from prunekit.engine.worker import Worker


@cache
def worker() -> Worker:
    """Return the one thread of this process that runs torch."""
    shared = Worker()
    atexit.register(shared.close)  # an interpreter that ends under a thread inside torch aborts
    return shared
