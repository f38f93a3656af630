"""Scan points in the database, under the digest of everything that decides their readings."""

import hashlib
import sqlite3
from dataclasses import asdict, dataclass

from prunekit.errors import WorkspaceError
from prunekit.outside import checked
from prunekit.records import Kind, Mode, Point
from prunekit.store.encoding import reading_of, reading_text, text_of


@dataclass(frozen=True, slots=True)
class ScanKey:
    """What a scan's readings depend on; scans with equal keys share their points.

    Attributes:
        model: digest of the dense weights.
        data: digest of the samples.
        criterion: identity of the score: its name, with a digest of the function where it is a user's own.
        mode: what the scan removes.
        limit: samples each point is measured on; ``None`` is all of them.
        code: version of the code that measures.
        half_width: how precisely a point is measured; ``None`` is on all samples of the limit.
    """

    model: str
    data: str
    criterion: str
    mode: Mode | Kind
    limit: int | None
    code: str
    half_width: float | None = None

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that name this key's content."""
        return hashlib.sha256(text_of(asdict(self)).encode()).hexdigest()[:16]


def add(db: sqlite3.Connection, key: ScanKey, point: Point) -> None:
    """Store a point in place of an earlier one of the same cell."""
    db.execute(
        "INSERT INTO points (scan, kind, name, level, reading) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (scan, kind, name, level) DO UPDATE SET reading = excluded.reading",
        (key.digest, point.kind.value, point.name, point.level, reading_text(point.reading)),
    )


def of_scan(db: sqlite3.Connection, key: ScanKey) -> tuple[Point, ...]:
    """Return a scan's points in the order their cells were first stored."""
    rows = db.execute("SELECT kind, name, level, reading FROM points WHERE scan = ? ORDER BY rowid", (key.digest,))
    kinds = {kind.value: kind for kind in (*Mode, *Kind)}
    try:
        return tuple(checked(Point(kinds[kind], name, level, reading_of(text))) for kind, name, level, text in rows)
    except (KeyError, TypeError) as error:
        raise WorkspaceError(f"The history holds a point of a scan that this version cannot read ({error}).") from error
