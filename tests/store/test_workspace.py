import gc
import subprocess
import sys
from pathlib import Path

import pytest

import prunekit
from prunekit.errors import WorkspaceError
from prunekit.store import Workspace
from prunekit.store.workspace import DATABASE


def test_the_folder_stays_the_same_when_the_process_goes_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Workspace()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.set_setting("theme", "dark")
    assert store.path == tmp_path / ".prunekit"
    assert store.path.is_dir()


def test_files_written_before_the_history_do_not_hinder_the_git_rule(store):
    store.weights_path("00ff").parent.mkdir(parents=True)
    store.exports.mkdir()
    store.set_setting("theme", "dark")
    assert (store.path / ".gitignore").read_text() == "*\n"


def test_the_log_beside_the_history_lives_as_long_as_the_workspace(workspace):
    """While it lives, a write need not wait for the disk; afterwards the history is one file."""
    store = Workspace(workspace)
    store.set_setting("theme", "dark")
    log = workspace / f"{DATABASE}-wal"
    assert log.exists()
    del store
    gc.collect()
    assert not log.exists()
    assert Workspace(workspace).setting("theme") == "dark"


def test_the_store_does_not_import_torch():
    script = "import sys, prunekit.store; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=Path(prunekit.__file__).parents[1]).returncode == 0


def test_a_file_that_cannot_be_written_is_one_sentence(store):
    path = store.weights_path("run1")
    store.write_file(path, lambda aside: aside.write_text("weights"))
    assert path.read_text() == "weights"
    assert (store.path / ".gitignore").read_text() == "*\n"
    with pytest.raises(WorkspaceError, match=r"cannot be written \(Not a directory\); choose another workspace"):
        store.write_file(path / "below" / "it", lambda aside: pytest.fail("there is no place"))
