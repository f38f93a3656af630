"""Damage, other versions, several processes, and a process killed in the middle of writing."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import prunekit
from prunekit.errors import WorkspaceError
from prunekit.records import TaskKey
from prunekit.store import Workspace
from prunekit.store.schema import VERSION
from prunekit.store.workspace import DATABASE
from tests.store.conftest import RESNET8, VGG

ROOT = Path(prunekit.__file__).parents[1]


def _child(script, *arguments):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_missing_workspace_reads_as_an_empty_one_and_stays_missing(store):
    assert store.runs("resnet8") == ()
    assert store.head(RESNET8) is None
    assert store.setting("theme") is None
    assert store.undo(RESNET8) is None
    assert store.redo(RESNET8) is None
    with pytest.raises(WorkspaceError, match="Unknown run 'feed'; there are none."):
        store.run("feed")
    assert not store.path.exists()


def test_the_first_write_makes_a_folder_git_ignores(store):
    store.set_setting("theme", "dark")
    assert (store.path / ".gitignore").read_text() == "*\n"
    store.set_setting("theme", "light")
    assert store.setting("theme") == "light"


def test_a_folder_with_other_things_keeps_its_own_rules_for_git(store):
    store.path.mkdir()
    (store.path / "train.py").touch()
    store.set_setting("theme", "dark")
    assert not (store.path / ".gitignore").exists()


def test_a_deleted_folder_is_made_anew(store):
    store.set_setting("theme", "dark")
    for file in store.path.iterdir():
        file.unlink()
    store.path.rmdir()
    store.set_setting("theme", "light")
    assert store.setting("theme") == "light"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="cannot be made .*; choose another."):
        Workspace(tmp_path / "file" / "inside").set_setting("theme", "dark")


def test_a_file_that_is_no_database_is_one_sentence(store):
    store.path.mkdir()
    (store.path / DATABASE).write_bytes(b"not a database " * 100)
    for access in (lambda: store.runs("resnet8"), lambda: store.set_setting("a", 1)):
        with pytest.raises(WorkspaceError, match=r"is damaged \(file is not a database\); move it away"):
            access()


def test_a_torn_database_is_one_sentence(store, make_run):
    for number in range(40):
        Workspace(store.path).add_run(make_run(number))  # closed at once, so all of it is in the one file
    path = store.path / DATABASE
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(WorkspaceError, match=r"is damaged .*; move it away to start a new one."):
        store.runs("resnet8")


def test_a_newer_history_is_left_alone(store):
    store.set_setting("theme", "dark")
    with sqlite3.connect(store.path / DATABASE) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = (store.path / DATABASE).read_bytes()
    for access in (lambda: store.setting("theme"), lambda: store.set_setting("theme", "light")):
        with pytest.raises(
            WorkspaceError, match=f"version 99 and this PruneKit reads up to {VERSION}; update PruneKit"
        ):
            access()
    assert (store.path / DATABASE).read_bytes() == before


def test_a_locked_history_is_one_sentence(store, monkeypatch):
    monkeypatch.setattr("prunekit.store.database.WAIT_SECONDS", 0.0)
    store.set_setting("theme", "dark")
    other = sqlite3.connect(store.path / DATABASE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(WorkspaceError, match=r"cannot be read or written \(database is locked\)"):
            store.set_setting("theme", "light")
        assert store.setting("theme") == "dark"  # a reader does not wait for a writer
    finally:
        other.close()


def test_a_write_that_raises_writes_nothing(store, make_run, make_reading):
    broken = make_run(1, readings=(make_reading(), make_reading(split="test", value=object())))
    with pytest.raises(TypeError, match="not JSON serializable"):
        store.add_run(broken)
    assert store.runs("resnet8") == ()


def test_a_killed_process_loses_nothing_it_acknowledged(store):
    child = _child(
        "import sys; from prunekit.store import Workspace\n"
        "for n in range(10**9):\n"
        "    Workspace(sys.argv[1]).set_setting(f'n{n}', [n] * 300)\n"
        "    print(n, flush=True)\n",
        store.path,
    )
    with child:
        for _ in range(50):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)  # it is in the middle of writing: it does nothing else
        acknowledged = 49 + len([line for line in child.stdout.read().split("\n")[:-1] if line])
    assert child.returncode == -signal.SIGKILL
    reopened = Workspace(store.path)
    assert all(reopened.setting(f"n{n}") == [n] * 300 for n in range(acknowledged + 1))
    reopened.set_setting("after", True)
    assert reopened.setting("after") is True


def test_processes_that_begin_together_share_one_history(store):
    """All of them wait for a line, then race to make the folder, the tables and their entries."""
    script = (
        "import sys; from prunekit.store import Workspace\n"
        "store = Workspace(sys.argv[1]); print('ready', flush=True); sys.stdin.readline()\n"
        "for n in range(20): store.set_setting(f'{sys.argv[2]}-{n}', n)\n"
    )
    children = [_child(script, store.path, name) for name in range(4)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0] * 4
    assert [store.setting(f"{name}-{n}") for name in range(4) for n in range(20)] == list(range(20)) * 4


MOVES = (
    "import sys; from itertools import count; from prunekit.recipe import Recipe\n"
    "from prunekit.records import Cost, Run, TaskKey; from prunekit.store import Workspace\n"
    "store, task, most = Workspace(sys.argv[1]), sys.argv[2], int(sys.argv[3]); parent = None\n"
    "for n in range(most):\n"
    "    run = Run(f'{task}{n}', task, 'feed', Recipe(task), parent, 0.0, Cost(1, 1, 4))\n"
    "    key = TaskKey(task, 'feed', 'beef')\n"
    "    store.add_run(run); store.set_head(key, run.id); parent = run.id\n"
    "    if n % 3 == 2: store.undo(key); parent = store.redo(key).id\n"
    "    print(parent, flush=True)\n"
)


def test_a_killed_process_leaves_the_head_where_it_last_put_it(store):
    child = _child(MOVES, store.path, "vgg", 10**9)
    with child:
        for _ in range(30):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        last = 29 + len([line for line in child.stdout.read().split("\n")[:-1] if line])
    reopened = Workspace(store.path)
    runs = reopened.runs("vgg")
    assert [run.id for run in runs][: last + 1] == [f"vgg{n}" for n in range(last + 1)]
    # It may have died between two moves that nobody heard of: on the way back and forth, or one run ahead.
    assert reopened.head(VGG).id in {f"vgg{n}" for n in (last - 1, last, last + 1)} & {run.id for run in runs}
    assert [run.parent for run in runs] == [None, *(run.id for run in runs[:-1])]


def test_desks_of_different_tasks_in_different_processes_do_not_disturb_each_other(store):
    children = [_child(MOVES, store.path, task, 24) for task in ("vgg", "vit")]
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0, 0]
    for task in ("vgg", "vit"):
        assert [run.id for run in store.runs(task)] == [f"{task}{n}" for n in range(24)]
        key = TaskKey(task, "feed", "beef")
        assert store.head(key).id == f"{task}23"
        assert store.undo(key).id == f"{task}22"
