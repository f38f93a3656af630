"""Transactions on the history's SQLite file, each on a connection of its own.

A connection that lives as long as its transaction needs no lock between threads and survives
a folder that is deleted under a running server.
"""

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from prunekit.errors import WorkspaceError
from prunekit.store.schema import bring_up_to_date

WAIT_SECONDS = 30.0  # for another process's transaction, which takes milliseconds

_SENTENCES: dict[type[sqlite3.Error], str] = {
    sqlite3.OperationalError: "The history {path} cannot be read or written ({error}); "
    "check the folder's permissions, the free space and other programs that use it.",
    sqlite3.DatabaseError: "The history {path} is damaged ({error}); move it away to start a new one.",
}


class Database:
    """One SQLite file that threads and processes share.

    Args:
        path: the file; the first write makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held_open = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open one consistent view; a missing file reads as an empty history and stays missing.

        Raises:
            WorkspaceError: the file is damaged, newer than this version, or cannot be read.
        """
        with self._explained(), closing(_connect(self.path if self.path.exists() else ":memory:")) as db:
            db.execute("BEGIN")
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open one write: all of it is stored when the block ends, none of it when the block raises.

        Raises:
            WorkspaceError: the file is damaged, newer than this version, or cannot be written.
        """
        with self._explained(), closing(_connect(self.path)) as db:
            self._hold_open()
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    def _hold_open(self) -> None:
        """Keep one idle connection: the last to close waits for the disk several times, 20 ms instead of 0.2."""
        if not self._held_open:
            weakref.finalize(self, _connect(self.path).close)
            self._held_open = True

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # The exact type: its subclasses are broken constraints and wrong calls, which are bugs and stay loud.
            if type(error) not in _SENTENCES:
                raise
            raise WorkspaceError(_SENTENCES[type(error)].format(path=self.path, error=error)) from error


def _connect(path: Path | str) -> sqlite3.Connection:
    # isolation_level=None: transactions begin and end where this file says so. Another thread
    # only ever closes a connection.
    db = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last moments, a killed process nothing
        bring_up_to_date(db)
        _log_ahead(db)
    except BaseException:
        db.close()
        raise
    return db


def _log_ahead(db: sqlite3.Connection) -> None:
    """Keep readers and a writer from waiting for each other; the mode stays with the file."""
    try:
        db.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        # The one statement that does not wait for other processes. The older mode is as safe,
        # and the next connection asks again.
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
