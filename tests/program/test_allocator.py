import os
import platform
import subprocess
import sys

import pytest

from prunekit.program.allocator import keep_freed_memory

# Blocks of 64 MB, written and freed ten times; each first touch of a page is a fault.
PROGRAM = """
import ctypes, resource, sys
from prunekit.program.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
def use():
    block = libc.malloc(64 << 20)
    libc.memset(block, 1, 64 << 20)
    libc.free(block)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_a_freed_block_is_used_again_without_touching_the_kernel():
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}

    def faults(how):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, how], env=environment, capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    assert faults("usual") > 10 * 64  # at least once for each megabyte, however large the kernel's pages are
    assert faults("kept") < 64


def test_what_the_environment_says_stands(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "100000")
    assert not keep_freed_memory()
