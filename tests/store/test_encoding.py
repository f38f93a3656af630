import json
import math

import pytest

from prunekit.errors import WorkspaceError
from prunekit.store.encoding import latency_of, latency_text, reading_of, reading_text, recipe_of, value_of


def test_a_field_added_later_has_its_default_in_an_older_entry(make_reading):
    fields = json.loads(reading_text(make_reading()))
    del fields["value_raw"]
    assert reading_of(json.dumps(fields)) == make_reading()


def test_entries_of_a_later_version_are_one_sentence(make_reading):
    fields = json.loads(reading_text(make_reading()))
    with pytest.raises(WorkspaceError, match="a reading this version cannot read .*'energy'"):
        reading_of(json.dumps({**fields, "energy": 1.0}))
    with pytest.raises(WorkspaceError, match="a reading this version cannot read .*'guessed'"):
        reading_of(json.dumps({**fields, "status": "guessed"}))
    with pytest.raises(WorkspaceError, match="a recipe this version cannot read: Unknown recipe key 'energy'"):
        recipe_of('{"energy": 1}')


def test_latencies_come_back_equal_and_those_of_a_later_version_are_one_sentence(make_latency):
    text = latency_text(make_latency(interval=(-math.inf, math.inf)))
    assert latency_of(text) == make_latency(interval=(-math.inf, math.inf))
    assert hash(latency_of(text)) == hash(make_latency(interval=(-math.inf, math.inf)))
    with pytest.raises(WorkspaceError, match="a latency this version cannot read .*'joules'"):
        latency_of(json.dumps({**json.loads(text), "joules": 1.0}))


@pytest.mark.parametrize("read", [reading_of, latency_of])
@pytest.mark.parametrize("text", ["", "{", "null", "[]", "{}"])
def test_damaged_entries_are_one_sentence(read, text):
    with pytest.raises(WorkspaceError, match="The history holds a"):
        read(text)


def test_values_come_back():
    with pytest.raises(WorkspaceError, match="damaged entry"):
        value_of("{")
    assert value_of('{"a":[1,null]}') == {"a": [1, None]}
