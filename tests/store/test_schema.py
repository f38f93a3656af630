"""A history that an older version wrote is brought up to date with all that is in it."""

import sqlite3
from dataclasses import replace

import pytest

from prunekit.errors import WorkspaceError
from prunekit.records import Mode, Point
from prunekit.store import ScanKey, schema
from prunekit.store.encoding import reading_text, recipe_text
from prunekit.store.workspace import DATABASE
from tests.store.conftest import RESNET8, VGG

KEY = ScanKey("feed", "beef", "l2", Mode.CHANNELS, 200, "1")


def _as_written_by(version, store):
    """Make the empty history of an older version."""
    store.path.mkdir()
    db = sqlite3.connect(store.path / DATABASE, isolation_level=None)
    for statement in (statement for step in schema.STEPS[:version] for statement in step):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {version}")
    return db


def test_the_first_version_keeps_all_it_has(store, make_run, make_reading, make_latency):
    db = _as_written_by(1, store)
    a = make_run(1, data=None, readings=(make_reading(),))
    b = make_run(2, a, data=None, label="half", weights="2.safetensors")
    point = Point(Mode.CHANNELS, "stem", 0.5, make_reading())
    texts = {run.id: recipe_text(run.recipe) for run in (a, b)}
    for run in (a, b):
        db.execute(
            "INSERT INTO runs (id, task, model, recipe, parent, created, params, macs, bytes, label, weights)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (run.id, run.task, run.model, texts[run.id], run.parent, run.created, run.cost.params, run.cost.macs,
             run.cost.bytes, run.label, run.weights),
        )  # fmt: skip
    db.execute("INSERT INTO readings VALUES (?, ?, ?)", (a.id, "validation", reading_text(a.readings[0])))
    db.execute("INSERT INTO heads VALUES (?, ?, ?)", ("resnet8", a.id, f'["{b.id}"]'))
    db.execute("INSERT INTO points VALUES (?, ?, ?, ?, ?)",
               (KEY.digest, "channels", "stem", 0.5, reading_text(point.reading)))  # fmt: skip
    db.execute("INSERT INTO settings VALUES ('theme', '\"dark\"')")
    db.close()
    assert store.runs("resnet8") == (a, b)
    assert store.head(RESNET8) == a
    assert store.points(KEY) == (point,)
    assert store.setting("theme") == "dark"
    assert store.redo(RESNET8) == b
    store.star(b.id)
    latency = make_latency(b.recipe.digest)
    store.add_latency("feed", latency)
    assert (store.run(b.id).starred, store.run(b.id).latencies) == (True, (latency,))
    assert not store.run(a.id).starred
    assert store.run(a.id).conditions is None  # nobody wrote them down


def test_the_runs_and_the_desk_from_before_data_were_named_are_those_of_any_data(store, make_run):
    """Of the same name and weights; from then on each stands where it was put."""
    a, b = make_run(1, data=None), make_run(2, make_run(1), data=None)
    other = make_run(3, model="f00d", task="vgg", data=None)
    db = _as_written_by(4, store)
    for run in (a, b, other):
        db.execute(
            "INSERT INTO runs (id, task, model, recipe, parent, created, params, macs, bytes, label)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (run.id, run.task, run.model, recipe_text(run.recipe), run.parent, run.created, run.cost.params,
             run.cost.macs, run.cost.bytes, run.label),
        )  # fmt: skip
    db.executemany(
        "INSERT INTO heads VALUES (?, ?, ?)",
        [("resnet8", b.id, "[]"), ("vgg", None, f'["{other.id}"]'), ("vit", None, "[]")],
    )
    db.close()
    labels = replace(RESNET8, data="f00d")
    assert store.runs("resnet8") == (a, b)
    assert (store.head(RESNET8), store.head(labels)) == (b, b)
    assert store.head(replace(RESNET8, model="f00d")) is None
    assert store.undo(labels) == a
    assert (store.head(RESNET8), store.head(labels)) == (b, a)
    assert store.redo(replace(VGG, model="f00d")) == other
    assert not store.can_redo(VGG)


def test_runs_from_before_notes_have_none_and_take_one(store, make_run):
    run = make_run(1, label="half", starred=True)
    db = _as_written_by(5, store)
    db.execute(
        "INSERT INTO runs (id, task, model, recipe, created, params, macs, bytes, label, starred, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (run.id, run.task, run.model, recipe_text(run.recipe), run.created, run.cost.params, run.cost.macs,
         run.cost.bytes, run.label, run.starred, run.data),
    )  # fmt: skip
    db.close()
    assert store.runs("resnet8") == (run,)
    store.annotate(run.id, "keep this one")
    assert store.run(run.id) == replace(run, note="keep this one")


@pytest.mark.parametrize("version", range(schema.VERSION))
def test_every_version_ends_up_with_the_same_tables(store, version):
    _as_written_by(version, store).close()
    store.set_setting("theme", "dark")
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    schema.bring_up_to_date(fresh)
    with sqlite3.connect(store.path / DATABASE) as found:
        assert _tables(found) == _tables(fresh)
    found.close()
    fresh.close()


def test_a_step_that_fails_leaves_the_older_history_as_it_was(store, monkeypatch):
    db = _as_written_by(schema.VERSION, store)
    db.execute("INSERT INTO settings VALUES ('theme', '1')")
    before = _tables(db)
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, ("CREATE TABLE more (a TEXT)", "no SQL")))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(WorkspaceError, match="syntax error"):
        store.setting("theme")
    assert _tables(db) == before
    db.close()
    monkeypatch.undo()
    assert store.setting("theme") == 1


def _tables(db):
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {name: db.execute(f"PRAGMA table_info({name})").fetchall() for name in names}
