"""The run of the history that is on each task's desk, with undo and redo.

The head is the run on the desk; ``None`` is the task's own network, the root of every history.
Undo moves the head to its parent and remembers what it left, redo returns there, and putting
the head anywhere else forgets what was left.
"""

import sqlite3
from collections.abc import Sequence

from prunekit.errors import WorkspaceError
from prunekit.records import Run, TaskKey
from prunekit.store.encoding import names_of, text_of
from prunekit.store.runs import get


def head(db: sqlite3.Connection, key: TaskKey) -> Run | None:
    """Return the run on a task's desk."""
    return _position(db, key)[0]


def put(db: sqlite3.Connection, key: TaskKey, run_id: str | None) -> None:
    """Put a run on a task's desk; putting the one that is there changes nothing.

    Raises:
        WorkspaceError: the run is unknown, or belongs to another task, other weights or other data.
    """
    run = None if run_id is None else get(db, run_id)
    if run is not None and (reason := key.refusal(run)):
        raise WorkspaceError(reason)
    if run != head(db, key):
        _move(db, key, run_id, ())


def undo(db: sqlite3.Connection, key: TaskKey) -> Run | None:
    """Move the head to its parent and return the parent."""
    run, ahead = _position(db, key)
    if run is None:
        return None
    _move(db, key, run.parent, (*ahead, run.id))
    return head(db, key)


def redo(db: sqlite3.Connection, key: TaskKey) -> Run | None:
    """Move the head to the child it was last moved up from and return that, or ``None`` where there is none."""
    _, ahead = _position(db, key)
    if not ahead:
        return None
    _move(db, key, ahead[-1], ahead[:-1])
    return head(db, key)


def leave(db: sqlite3.Connection, run: Run) -> None:
    """Move every head off a run that is to be deleted, to its parent, and redo past it.

    Args:
        db: an open transaction.
        run: still stored; its children still continue it.
    """
    rows = db.execute("SELECT data, run, ahead FROM heads WHERE task = ? AND model = ?", (run.task, run.model))
    for data, stays, ahead in rows.fetchall():
        place = run.parent if stays == run.id else stays
        _move(db, TaskKey(run.task, run.model, data), place, [other for other in names_of(ahead) if other != run.id])


def can_redo(db: sqlite3.Connection, key: TaskKey) -> bool:
    """Return whether ``redo`` would move."""
    return bool(_position(db, key)[1])


def _position(db: sqlite3.Connection, key: TaskKey) -> tuple[Run | None, tuple[str, ...]]:
    # Its own head, else one that was stored before heads named their data, which is replaced when the head moves.
    row = db.execute(
        "SELECT run, ahead FROM heads WHERE task = ? AND model = ? AND data IN (?, '') ORDER BY data DESC",
        (key.name, key.model, key.data),
    ).fetchone()
    if row is None:
        return None, ()
    return None if row[0] is None else get(db, row[0]), names_of(row[1])


def _move(db: sqlite3.Connection, key: TaskKey, run_id: str | None, ahead: Sequence[str]) -> None:
    db.execute(
        "INSERT INTO heads (task, model, data, run, ahead) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (task, model, data) DO UPDATE SET run = excluded.run, ahead = excluded.ahead",
        (key.name, key.model, key.data, run_id, text_of(ahead)),
    )
