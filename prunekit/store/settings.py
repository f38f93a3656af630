"""Small JSON values that outlive a session, by name."""

import sqlite3
from typing import Any

from prunekit.store.encoding import text_of, value_of


def put(db: sqlite3.Connection, name: str, value: Any) -> None:
    """Store a JSON value in place of an earlier one of the same name."""
    db.execute(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, text_of(value)),
    )


def get(db: sqlite3.Connection, name: str) -> Any:
    """Return the value stored under a name, or ``None``."""
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else value_of(row[0])
