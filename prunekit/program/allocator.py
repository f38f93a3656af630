"""Keeps freed memory in the process.

glibc hands every block above 32 MB back to the kernel when it is freed. A network's activations are
such blocks, asked for again a moment later, and the kernel then clears each page anew: a tenth to a
third of a forward pass on large batches.
"""

import ctypes
import os
import platform

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""Numbers of the two settings in glibc's ``malloc.h``."""
KEPT = 1 << 30
"""Bytes: smaller blocks stay when they are freed, and so much may lie free at the end of the heap."""


def keep_freed_memory() -> bool:
    """Let the process keep freed blocks up to a gigabyte, for everything that follows.

    Returns:
        Whether it will; false without glibc, and where environment variables already set the allocator.
    """
    if platform.libc_ver()[0] != "glibc" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(MMAP_THRESHOLD, KEPT) and mallopt(TRIM_THRESHOLD, KEPT))
