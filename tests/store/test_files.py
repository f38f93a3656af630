from pathlib import Path

import pytest

from prunekit.store import write_aside
from prunekit.store.files import check_place


def test_a_file_is_replaced_whole_and_its_folder_made(tmp_path):
    path = tmp_path / "a" / "b.json"
    write_aside(path, lambda aside: aside.write_text("one"))
    write_aside(path, lambda aside: aside.write_text("two"))
    assert path.read_text() == "two"
    assert list(path.parent.iterdir()) == [path]


def test_the_old_file_is_seen_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "card.json"
    path.write_text("old")

    def write(aside):
        aside.write_text("ne")
        assert path.read_text() == "old"
        aside.write_text("new")

    write_aside(path, write)
    assert path.read_text() == "new"


def test_a_write_that_raises_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_text("old")

    def write(aside):
        aside.write_text("half")
        raise ValueError("disk full")

    with pytest.raises(ValueError, match="disk full"):
        write_aside(path, write)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        write_aside(tmp_path / "a.txt", lambda aside: None)
    assert list(tmp_path.iterdir()) == []


def test_the_writer_sees_the_ending_of_the_file(tmp_path):
    seen = []
    write_aside(tmp_path / "net.pt2", lambda aside: (seen.append(aside.suffix), aside.touch()))
    assert seen == [".pt2"]


def test_a_place_is_checked_without_a_trace(tmp_path):
    check_place(tmp_path / "missing" / "folders" / "file.json")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError):
        check_place(tmp_path / "file" / "sub" / "file.json")
    with pytest.raises(FileNotFoundError):
        check_place(Path("/proc/nothing/file.json"))


def test_a_name_that_cannot_be_is_an_os_error_whoever_writes(tmp_path):
    with pytest.raises(OSError, match="File name too long"):
        write_aside(tmp_path / f"{'a' * 300}.pt", lambda aside: pytest.fail("there is no place"))
