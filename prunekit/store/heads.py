"""Where each task's desk stands in its history, and the way back and forth.

The head is the run on the desk; ``None`` is the task's own network, the root of every history.
Undo moves the head to its parent and remembers what it left, redo returns there, and putting
the head anywhere else forgets what was left.
"""

import sqlite3
from collections.abc import Sequence

from prunekit.errors import WorkspaceError
from prunekit.records import Run
from prunekit.store.encoding import text_of, value_of
from prunekit.store.runs import get, line


def head(db: sqlite3.Connection, task: str) -> Run | None:
    """Return the run on a task's desk."""
    return _position(db, task)[0]


def way(db: sqlite3.Connection, task: str, most: int) -> tuple[Run, ...]:
    """Return the runs that lead to the one on a task's desk, oldest first, at most the last ``most``."""
    run = head(db, task)
    return () if run is None else line(db, run.id, most)


def put(db: sqlite3.Connection, task: str, run_id: str | None) -> None:
    """Put a run on a task's desk; putting the one that is there changes nothing.

    Raises:
        WorkspaceError: the run is unknown or belongs to another task.
    """
    run = None if run_id is None else get(db, run_id)
    if run is not None and run.task != task:
        raise WorkspaceError(f"Run {run_id!r} belongs to task {run.task!r}, not to {task!r}.")
    if run != head(db, task):
        _move(db, task, run_id, ())


def undo(db: sqlite3.Connection, task: str) -> Run | None:
    """Move the head to its parent and return the parent."""
    left, ahead = _position(db, task)
    if left is None:
        return None
    _move(db, task, left.parent, (*ahead, left.id))
    return head(db, task)


def redo(db: sqlite3.Connection, task: str) -> Run | None:
    """Move the head to the child it was last moved up from and return that, or ``None`` where there is none."""
    _, ahead = _position(db, task)
    if not ahead:
        return None
    _move(db, task, ahead[-1], ahead[:-1])
    return head(db, task)


def leave(db: sqlite3.Connection, run: Run) -> None:
    """Move a task's head off a run that is to be deleted, to its parent, and redo past it.

    Args:
        db: an open transaction.
        run: still stored; its children still continue it.
    """
    now, ahead = _position(db, run.task)
    stays = None if now is None else now.id
    _move(db, run.task, run.parent if stays == run.id else stays, [other for other in ahead if other != run.id])


def can_redo(db: sqlite3.Connection, task: str) -> bool:
    """Return whether ``redo`` would move."""
    return bool(_position(db, task)[1])


def _position(db: sqlite3.Connection, task: str) -> tuple[Run | None, tuple[str, ...]]:
    row = db.execute("SELECT run, ahead FROM heads WHERE task = ?", (task,)).fetchone()
    if row is None:
        return None, ()
    return None if row[0] is None else get(db, row[0]), tuple(value_of(row[1]))


def _move(db: sqlite3.Connection, task: str, run_id: str | None, ahead: Sequence[str]) -> None:
    db.execute(
        "INSERT INTO heads (task, run, ahead) VALUES (?, ?, ?)"
        " ON CONFLICT (task) DO UPDATE SET run = excluded.run, ahead = excluded.ahead",
        (task, run_id, text_of(ahead)),
    )
