"""The tables of the history, as steps from one version to the next."""

import sqlite3

from prunekit.errors import WorkspaceError

# A released step is never edited; a change to the tables is a new step at the end.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            number  INTEGER PRIMARY KEY,
            id      TEXT NOT NULL UNIQUE,
            task    TEXT NOT NULL,
            model   TEXT NOT NULL,
            recipe  TEXT NOT NULL,
            parent  TEXT REFERENCES runs(id),
            created REAL NOT NULL,
            params  INTEGER NOT NULL,
            macs    INTEGER NOT NULL,
            bytes   INTEGER NOT NULL,
            label   TEXT NOT NULL,
            weights TEXT
        )""",
        "CREATE INDEX runs_by_task ON runs(task)",
        "CREATE INDEX runs_by_parent ON runs(parent)",
        """CREATE TABLE readings (
            run     TEXT NOT NULL REFERENCES runs(id),
            split   TEXT NOT NULL,
            reading TEXT NOT NULL,
            PRIMARY KEY (run, split)
        )""",
        """CREATE TABLE heads (
            task  TEXT PRIMARY KEY,
            run   TEXT REFERENCES runs(id),
            ahead TEXT NOT NULL
        )""",
        """CREATE TABLE points (
            scan    TEXT NOT NULL,
            kind    TEXT NOT NULL,
            name    TEXT NOT NULL,
            level   REAL NOT NULL,
            reading TEXT NOT NULL,
            PRIMARY KEY (scan, kind, name, level)
        )""",
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ),
    (
        "ALTER TABLE runs ADD COLUMN starred INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE latencies (
            model   TEXT NOT NULL,
            recipe  TEXT NOT NULL,
            batch   INTEGER NOT NULL,
            threads INTEGER NOT NULL,
            latency TEXT NOT NULL,
            PRIMARY KEY (model, recipe, batch, threads)
        )""",
    ),
    ("ALTER TABLE runs ADD COLUMN conditions TEXT",),
    (
        "ALTER TABLE latencies RENAME TO eager_latencies",
        """CREATE TABLE latencies (
            model   TEXT NOT NULL,
            recipe  TEXT NOT NULL,
            runtime TEXT NOT NULL,
            batch   INTEGER NOT NULL,
            threads INTEGER NOT NULL,
            latency TEXT NOT NULL,
            PRIMARY KEY (model, recipe, runtime, batch, threads)
        )""",
        "INSERT INTO latencies SELECT model, recipe, 'eager', batch, threads, latency FROM eager_latencies",
        "DROP TABLE eager_latencies",
    ),
    (
        "ALTER TABLE runs ADD COLUMN data TEXT",
        "ALTER TABLE heads RENAME TO heads_by_name",
        # A head that does not say its data has '' for them: NULL would not be unique in a key.
        """CREATE TABLE heads (
            task  TEXT NOT NULL,
            model TEXT NOT NULL,
            data  TEXT NOT NULL,
            run   TEXT REFERENCES runs(id),
            ahead TEXT NOT NULL,
            PRIMARY KEY (task, model, data)
        )""",
        """INSERT INTO heads SELECT heads_by_name.task, runs.model, '', run, ahead
            FROM heads_by_name JOIN runs ON runs.id = coalesce(run, json_extract(ahead, '$[0]'))""",
        "DROP TABLE heads_by_name",
    ),
    ("ALTER TABLE runs ADD COLUMN training TEXT",),
    ("ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT ''",),
)

VERSION = len(STEPS)


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """Give an empty or older database the tables of this version, in one transaction.

    Raises:
        WorkspaceError: a newer version wrote it.
    """
    version = _version(db)
    if version > VERSION:
        raise WorkspaceError(
            f"The history has version {version} and this PruneKit reads up to {VERSION}; "
            "update PruneKit or choose another workspace."
        )
    if version == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    for step in STEPS[_version(db) :]:  # read again: another process may have come first
        for statement in step:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
