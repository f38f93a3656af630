"""Runs and their readings in the database; each function works inside the caller's transaction."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from prunekit.errors import WorkspaceError, close_matches
from prunekit.outside import checked
from prunekit.records import Cost, Latency, Reading, Run
from prunekit.store import latencies
from prunekit.store.encoding import (
    conditions_of,
    conditions_text,
    reading_of,
    reading_text,
    recipe_of,
    recipe_text,
    training_of,
    training_text,
)

_COLUMNS = (
    "id, task, model, recipe, parent, created, params, macs, bytes, label, weights, starred, conditions, data, "
    "training, note"
)


def add(db: sqlite3.Connection, run: Run) -> None:
    """Store a run with its readings.

    Raises:
        WorkspaceError: its id is taken, its parent is unknown or belongs to another task.
    """
    if db.execute("SELECT 1 FROM runs WHERE id = ?", (run.id,)).fetchone():
        raise WorkspaceError(f"Run {run.id!r} is already stored; a new run needs a new id.")
    if run.parent is not None:
        parent = get(db, run.parent)
        if parent.task != run.task:
            raise WorkspaceError(f"A run of task {run.task!r} cannot continue run {parent.id!r} of {parent.task!r}.")
    origin = (run.id, run.task, run.model, recipe_text(run.recipe), run.parent, run.created)
    made = (run.data, training_text(run.training), run.note)
    counts = (run.cost.params, run.cost.macs, run.cost.bytes)
    db.execute(
        f"INSERT INTO runs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*origin, *counts, run.label, run.weights, run.starred, conditions_text(run.conditions), *made),
    )
    for reading in run.readings:
        add_reading(db, run.id, reading)
    for latency in run.latencies:
        latencies.add(db, run.model, latency)


def add_reading(db: sqlite3.Connection, run_id: str, reading: Reading) -> None:
    """Store a run's reading in place of an earlier one of the same split.

    Raises:
        WorkspaceError: the run is unknown.
    """
    known(db, run_id)
    db.execute(
        "INSERT INTO readings (run, split, reading) VALUES (?, ?, ?)"
        " ON CONFLICT (run, split) DO UPDATE SET reading = excluded.reading",
        (run_id, reading.split, reading_text(reading)),
    )


def rename(db: sqlite3.Connection, run_id: str, label: str) -> None:
    """Change what a person calls a run.

    Raises:
        WorkspaceError: the run is unknown.
    """
    known(db, run_id)
    db.execute("UPDATE runs SET label = ? WHERE id = ?", (label, run_id))


def annotate(db: sqlite3.Connection, run_id: str, note: str) -> None:
    """Change what a person notes of a run.

    Raises:
        WorkspaceError: the run is unknown.
    """
    known(db, run_id)
    db.execute("UPDATE runs SET note = ? WHERE id = ?", (note, run_id))


def star(db: sqlite3.Connection, run_id: str, starred: bool) -> None:
    """Mark a run, or take the mark away.

    Raises:
        WorkspaceError: the run is unknown.
    """
    known(db, run_id)
    db.execute("UPDATE runs SET starred = ? WHERE id = ?", (starred, run_id))


def delete(db: sqlite3.Connection, run_id: str) -> None:
    """Take a run out of the tree: its children continue its parent. No head may stand on it.

    Raises:
        WorkspaceError: the run is unknown, or other runs start from its weights.
    """
    run = get(db, run_id)
    if dependents := [other.id for other in of_task(db, run.task) if other.recipe.base == run_id]:
        raise WorkspaceError(
            f"Run {run_id} cannot be deleted: its weights are the base of {', '.join(dependents)}; delete those first."
        )
    db.execute("UPDATE runs SET parent = ? WHERE parent = ?", (run.parent, run_id))
    db.execute("DELETE FROM readings WHERE run = ?", (run_id,))
    db.execute("DELETE FROM runs WHERE id = ?", (run_id,))


def get(db: sqlite3.Connection, run_id: str) -> Run:
    """Return one run.

    Raises:
        WorkspaceError: the run is unknown; names close matches.
    """
    known(db, run_id)
    return _select(db, "id = ?", run_id)[0]


def of_task(db: sqlite3.Connection, task: str) -> tuple[Run, ...]:
    """Return a task's runs in the order they were stored."""
    return _select(db, "task = ?", task)


def children(db: sqlite3.Connection, run_id: str) -> tuple[Run, ...]:
    """Return the runs made from one, in the order they were stored.

    Raises:
        WorkspaceError: the run is unknown.
    """
    known(db, run_id)
    return _select(db, "parent = ?", run_id)


def known(db: sqlite3.Connection, run_id: str) -> None:
    """Check that a run is stored.

    Raises:
        WorkspaceError: the run is unknown; names close matches.
    """
    if not db.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone():
        ids = [row[0] for row in db.execute("SELECT id FROM runs")]
        raise WorkspaceError(f"Unknown run {run_id!r}; {close_matches(run_id, ids)}")


def _select(db: sqlite3.Connection, condition: str, value: str) -> tuple[Run, ...]:
    readings: dict[str, list[Reading]] = {}
    query = f"SELECT run, reading FROM readings WHERE run IN (SELECT id FROM runs WHERE {condition}) ORDER BY rowid"
    for run_id, text in db.execute(query, (value,)):
        readings.setdefault(run_id, []).append(reading_of(text))
    rows = db.execute(f"SELECT {_COLUMNS} FROM runs WHERE {condition} ORDER BY number", (value,))
    runs = [_run(row, readings.get(row[0], ())) for row in rows]
    timed = {model: latencies.of_model(db, model) for model in {run.model for run in runs}}
    return tuple(_with_latencies(run, timed[run.model]) for run in runs)


def _with_latencies(run: Run, timed: Mapping[str, tuple[Latency, ...]]) -> Run:
    # Most histories hold none, and a digest takes longer than all else that is read of a run.
    return replace(run, latencies=timed.get(run.recipe.digest, ())) if timed else run


def _run(row: tuple[Any, ...], readings: Sequence[Reading]) -> Run:
    run_id, task, model, recipe, parent, created, params, macs, size, label, weights, starred, *made = row
    conditions, data, training, note = made
    try:
        origin = (run_id, task, model, recipe_of(recipe), parent, created, checked(Cost(params, macs, size)))
        marks = label, weights, bool(starred)
        how = {"conditions": conditions_of(conditions), "data": data, "training": training_of(training), "note": note}
        return checked(Run(*origin, tuple(readings), *marks, **how))
    except TypeError as error:
        raise WorkspaceError(f"The history holds a run that this version cannot read ({error}).") from error
