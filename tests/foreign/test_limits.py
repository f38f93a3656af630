"""What the process that reads may take, and what it does not know."""

import subprocess
import sys

import pytest

from prunekit.foreign import LIMITED
from prunekit.foreign.server import READERS, _in_words

pytestmark = pytest.mark.skipif(not LIMITED, reason="this system holds no process to limits")


def _run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_no_reader_knows_torch_or_numpy():
    modules = [path.partition(":")[0] for path in READERS.values()]
    code = f"import sys, {', '.join(modules)}; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    assert _run(code).stdout.strip() == "[]"


def test_a_gigabyte_and_three_times_the_file_is_all_the_memory():
    code = "from prunekit.foreign.limits import limit; limit({}); bytearray({}); print('made')"
    assert _run(code.format(0, 2 << 30)).stderr.strip().endswith("MemoryError")
    assert _run(code.format(1 << 29, 2 << 30)).stdout.strip() == "made"


def test_time_is_limited_by_a_signal_that_is_said_in_words():
    code = (
        "import resource; from prunekit.foreign import limits; limits.SECONDS = 1; limits.limit(0);"
        "print(resource.getrlimit(resource.RLIMIT_CPU)[0], flush=True)\nwhile True: pass"
    )
    ended = _run(code)
    assert ended.stdout.strip() == "1"
    assert _in_words(-ended.returncode) in (
        "takes longer to read than a file of its size may",
        "cannot be read without harm",
    )


def test_how_a_child_ended_is_said():
    assert _in_words(0) == "done"
    assert _in_words(11) == "cannot be read without harm"
