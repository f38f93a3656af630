import json

import pytest

from prunekit.errors import WorkspaceError
from prunekit.store.encoding import reading_of, reading_text, recipe_of, value_of


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


@pytest.mark.parametrize("text", ["", "{", "null", "[]"])
def test_damaged_entries_are_one_sentence(text):
    with pytest.raises(WorkspaceError, match="The history holds a"):
        reading_of(text)


def test_values_come_back():
    with pytest.raises(WorkspaceError, match="damaged entry"):
        value_of("{")
    assert value_of('{"a":[1,null]}') == {"a": [1, None]}
