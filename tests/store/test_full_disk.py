"""A disk that is full while a file is written: Python's own error, whose sentence the caller knows."""

import subprocess
import sys

import pytest

WRITERS = {
    "a recovery's state": "import torch; from prunekit.recover.stored import state_bytes;"
    "write = lambda aside: aside.write_bytes(state_bytes({'a': torch.zeros(200_000)}))",
    "a program": "import torch; from prunekit.export.formats.pt2 import write_pt2;"
    "write = lambda aside: write_pt2(torch.nn.Linear(400, 400), torch.zeros(2, 400), aside)",
}
CODE = """
import resource
from pathlib import Path
from prunekit.store import Workspace
from prunekit.errors import WorkspaceError
{writer}
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # no file grows beyond, as on a full disk
space = Workspace({folder!r})
try:
    space.write_file(space.path / "state.bin", write)
except WorkspaceError as error:
    print("said:", error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size")
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(name, tmp_path):
    code = CODE.format(writer=WRITERS[name], folder=str(tmp_path / "workspace"))
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("said:"), ended.stderr
    assert "state.bin cannot be written (File too large); choose another workspace." in ended.stdout
    assert [path.name for path in (tmp_path / "workspace").iterdir()] == [".gitignore"]
