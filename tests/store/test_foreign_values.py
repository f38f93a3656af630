"""A history whose values are not what this version writes: one sentence, whatever stands there."""

import sqlite3
from contextlib import closing

import pytest

from prunekit.errors import WorkspaceError
from prunekit.records import Mode, Point
from prunekit.store.points import ScanKey
from prunekit.store.workspace import DATABASE
from tests.store.conftest import RESNET8

KEY = ScanKey("m", "d", "l2", Mode.CHANNELS, None, "1")
CHANGES = {
    "a count that is a text": "UPDATE runs SET params = 'many'",
    "bytes for a name": "UPDATE runs SET label = x'ff00'",
    "a text that is none": "UPDATE runs SET label = CAST(x'ff' AS TEXT)",
    "a time that is a text": "UPDATE runs SET created = 'today'",
    "a recipe that is a number": "UPDATE runs SET recipe = '3'",
    "brackets without end": f"UPDATE runs SET recipe = '{'[' * 100_000}'",
    "a reading with a text for its value": "UPDATE readings SET reading = json_set(reading, '$.value', 'half')",
    "a reading with half a pair": "UPDATE readings SET reading = json_set(reading, '$.interval', json('[0.5, \"x\"]'))",
    "a reading with an unknown status": "UPDATE readings SET reading = json_set(reading, '$.status', 'guessed')",
    "conditions that are a list": "UPDATE runs SET conditions = '[1]'",
    "a thread count that is a text": "UPDATE runs SET conditions = json_set(conditions, '$.threads', 'two')",
    "a training that is a list": "UPDATE runs SET training = '[1]'",
    "a training of a later version": """UPDATE runs SET training = '{"energy": 3}'""",
    "a number of a thousand digits": f"UPDATE readings SET reading = replace(reading, '\"n\":', '\"n\":{'9' * 5000}')",
}


def _change(store, statement):
    with closing(sqlite3.connect(store.path / DATABASE)) as db:
        db.execute(statement)
        db.commit()


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_of_foreign_values_is_one_sentence(store, make_run, make_reading, name):
    store.add_run(make_run(1, readings=(make_reading(),)))
    if "condition" in name or "thread" in name:
        conditions = '{"threads":1,"batch":1,"seed":0,"python":"3","torch":"2","cpu":"AVX"}'
        _change(store, f"UPDATE runs SET conditions = '{conditions}'")
    _change(store, CHANGES[name])
    with pytest.raises(WorkspaceError) as raised:
        store.runs("resnet8")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "change", ["kind = 'neurons'", "level = 'half'", "name = x'00'", "reading = '[]'", "reading = 'null'"]
)
def test_a_point_of_foreign_values_is_one_sentence(store, make_reading, change):
    store.add_point(KEY, Point(Mode.CHANNELS, "conv1", 0.5, make_reading()))
    _change(store, f"UPDATE points SET {change}")
    with pytest.raises(WorkspaceError, match="The history holds"):
        store.points(KEY)


def test_a_head_that_leads_nowhere_is_one_sentence(store, make_run):
    store.add_run(make_run(1))
    store.set_head(RESNET8, make_run(1).id)
    _change(store, "UPDATE heads SET ahead = '3'")
    with pytest.raises(WorkspaceError, match="no list of runs"):
        store.can_redo(RESNET8)
