"""What a killed process leaves, and that nothing else goes with it."""

import os
import signal
import subprocess
import sys

import pytest

from prunekit.scratch import clean, scratch_folder, scratch_name
from prunekit.store import Workspace

WRITES = """
import sys, time
from pathlib import Path
from prunekit.store import Workspace
space = Workspace(sys.argv[1])
def write(aside):
    aside.write_bytes(b"half")
    print("written", flush=True)
    time.sleep(600)
space.write_file(space.path / "weights" / "a.safetensors", write)
"""
EXPORTS = """
import sys, time
from pathlib import Path
from prunekit.scratch import scratch_folder
with scratch_folder(".out", Path(sys.argv[1])) as folder:
    (folder / "net.pt2").write_bytes(b"half")
    print("written", flush=True)
    time.sleep(600)
"""


def _killed(code, folder):
    """Run code until it says that it has written something, and kill it."""
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_the_next_workspace_cleans_what_a_killed_write_left(workspace):
    _killed(WRITES, workspace)
    assert len([*(workspace / "weights").iterdir()]) == 1
    Workspace(workspace)
    assert [*(workspace / "weights").iterdir()] == []
    assert (workspace / ".gitignore").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_the_next_export_cleans_the_folder_of_a_killed_one(tmp_path):
    _killed(EXPORTS, tmp_path)
    assert len([*tmp_path.iterdir()]) == 1
    with scratch_folder(".out", tmp_path) as folder:
        assert [*tmp_path.iterdir()] == [folder]
    assert [*tmp_path.iterdir()] == []


def test_what_belongs_to_others_stays(tmp_path):
    gone = scratch_name("x").replace(f"-{os.getpid()}-", "-999999999-")
    elsewhere = f"x~ffffff-999999999-{gone[-8:]}"
    kept = ["net.pt2", "x~notes", scratch_name("x", ".bin"), elsewhere, "x-123456789-abcdef01"]
    for name in (gone, *kept):
        (tmp_path / name).write_text("")
    clean(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*kept}


def test_a_folder_is_gone_also_when_its_block_raises(tmp_path):
    with pytest.raises(FileNotFoundError), scratch_folder("x", tmp_path) as folder:
        (folder / "absent" / "deep").mkdir()
    assert not folder.exists()
