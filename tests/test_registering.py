from dataclasses import dataclass

import pytest

from prunekit.errors import TaskError
from prunekit.registering import Origin, identity, origin_of, register


@dataclass(frozen=True)
class Record:
    name: str
    origin: Origin | None = None


def test_a_name_is_replaced_from_its_own_file_only():
    records = {"l2": Record("l2")}
    register("criterion", records, Record("mine", Origin("a.py", "1")))
    register("criterion", records, Record("mine", Origin("a.py", "2")))
    assert records["mine"].origin == Origin("a.py", "2")
    with pytest.raises(TaskError, match=r"The criterion 'mine' was already registered by a\.py; choose another name"):
        register("criterion", records, Record("mine", Origin("b.py", "3")))
    with pytest.raises(TaskError, match="The criterion 'l2' is built in; register yours under another name"):
        register("criterion", records, Record("l2", Origin("a.py", "1")))
    assert records == {"l2": Record("l2"), "mine": Record("mine", Origin("a.py", "2"))}


def test_an_edited_function_has_another_identity():
    def defined(body):
        scope = {"__name__": "somewhere"}
        exec(compile(f"def mine(given):\n    return {body}\n", "mine.py", "exec"), scope)
        return origin_of(scope["mine"])

    assert defined("given + 1") == defined("given + 1")
    assert defined("given + 1").digest != defined("given + 2").digest
    assert defined("given + 1").file == "mine.py"
    assert identity(Record("l2")) == "l2"
    assert identity(Record("mine", Origin("mine.py", "12ab"))) == "mine@12ab"


def test_functions_of_a_notebook_come_from_one_file_whatever_its_cells_are_called():
    scope = {"__name__": "__main__"}
    exec(compile("def mine(given):\n    return given\n", "cell-7", "exec"), scope)
    assert origin_of(scope["mine"]).file == "__main__"
