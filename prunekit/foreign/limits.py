"""What a child process may take for one file."""

import contextlib
import signal
import sys

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

MEMORY = 1 << 30
"""Bytes of addresses, and three times the file's more."""
SECONDS = 30
"""Seconds of computing, and one more for every 100 MB; ten times as long by the clock."""
LIMITED = resource is not None and sys.platform == "linux"
"""Whether this system holds a process to its memory and its time; elsewhere a file is read in another process, too."""

NOTE = "" if LIMITED else " This system sets no limits to memory and time, so a damaged file may take much of both."
"""What is said beside an upload where there are no limits."""


def seconds_for(size: int) -> int:
    """Return the seconds of computing that files of ``size`` bytes together may take."""
    return SECONDS + size // 100_000_000


def limit(size: int) -> None:
    """Hold this process to what files of ``size`` bytes together may take; it cannot be undone."""
    if resource is None:
        return
    memory, seconds = MEMORY + 3 * size, seconds_for(size)
    for which, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows no limit of addresses
            resource.setrlimit(which, (most, most))
    signal.alarm(10 * seconds)
