import math
import os

import pytest

from prunekit.errors import TaskError
from prunekit.tasks.functions import import_file, import_function


def test_module_and_function():
    assert import_function("math:sqrt") is math.sqrt


def test_file_is_relative_to_the_folder_and_sees_its_neighbours(tmp_path):
    (tmp_path / "neighbour_of_nets.py").write_text("width = 7\n")
    (tmp_path / "nets.py").write_text("import neighbour_of_nets\ndef net():\n    return neighbour_of_nets.width\n")
    assert import_function("nets.py:net", tmp_path)() == 7


def test_two_folders_may_use_one_file_name(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "nets.py").write_text(f"def net():\n    return {name!r}\n")
    assert import_function("nets.py:net", tmp_path / "a")() == "a"
    assert import_function("nets.py:net", tmp_path / "b")() == "b"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nets.py", "names no function; write module:function"),
        (":net", "names no function"),
        ("nets.py:", "names no function"),
        ("absent.py:net", r"absent\.py does not exist"),
        ("no_such_module_here:net", "no_such_module_here cannot be imported: ModuleNotFoundError"),
        ("nets.py:nat", r"nets\.py has no function 'nat'; did you mean net\?"),
        ("nets.py:WIDTH", "has no function 'WIDTH'"),
        ("broken.py:net", r"broken\.py cannot be imported: ZeroDivisionError: division by zero"),
    ],
)
def test_mistakes_are_named(path, message, tmp_path):
    (tmp_path / "nets.py").write_text("WIDTH = 3\ndef net():\n    return WIDTH\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(TaskError, match=message):
        import_function(path, tmp_path)


def test_an_edit_within_a_second_that_keeps_the_size_is_seen(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("ANSWER = 1\n")
    first = file.stat()
    assert import_file(file).ANSWER == 1
    file.write_text("ANSWER = 2\n")
    os.utime(file, ns=(first.st_atime_ns, first.st_mtime_ns))
    assert import_file(file, refresh=True).ANSWER == 2
