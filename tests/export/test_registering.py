from pathlib import Path

import pytest

from prunekit.errors import TaskError
from prunekit.export.export import export
from prunekit.export.formats import FORMATS
from prunekit.export.manifest import Manifest
from prunekit.export.measured import Measured
from prunekit.export.registering import export_format, sources
from prunekit.export.verify import proofs
from prunekit.export.writing import write_export
from prunekit.records import Check, Mode
from tests.export.conftest import cut, make_task
from tests.own_formats import own_format

FACTS = {"title": "Mine", "caption": "Mine.", "load": lambda path: None}


@pytest.mark.parametrize(
    ("name", "suffix", "words"),
    [
        ("pt2", ".mine", "The format 'pt2' is built in"),
        ("mine", ".onnx", "The suffix '.onnx' is that of the format 'onnx'"),
        ("mine", "mine", "a suffix such as '.npz'"),
        ("mine", "/x.npz", "a suffix such as '.npz'"),
        ("../mine", ".npz", "a name such as 'npz'"),
    ],
)
def test_a_name_or_a_suffix_that_is_taken_or_none_is_refused(name, suffix, words):
    before = dict(FORMATS)
    with pytest.raises(TaskError, match=words):
        export_format(name, suffix=suffix, **FACTS)(lambda measured, path: None)
    assert before == FORMATS


def test_a_cell_of_a_notebook_that_runs_again_replaces_its_format(monkeypatch):
    monkeypatch.setitem(FORMATS, "mine", FORMATS["pt2"])  # so that it is gone afterwards
    del FORMATS["mine"]
    for _ in range(2):

        def write(measured, path):
            """The same cell."""

        assert export_format("mine", suffix=".mine", **FACTS)(write) is write
    assert FORMATS["mine"].write is write


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An export with a file of a person's own format, and what two later processes say of it."""
    root, task = tmp_path_factory.mktemp("own-format"), make_task("linear")
    with own_format(root):
        assert [Path(file).name for _, file in sources()] == ["my_format.py"]
        *_, files = export(Measured(task, *cut(task, Mode.CHANNELS)), root / "out", ["whole"])
        again = list(proofs([root / "out"], [task.data.validation]))
    assert sources() == []
    unknown = list(proofs([root / "out" / "linear.module"], [task.data.validation]))
    return files, again, unknown


def test_its_file_is_proven_in_a_fresh_process_and_again_later(exported):
    files, again, _ = exported
    (own,) = (file for file in files if file.path.endswith("linear.module"))
    assert own.caption == "The module as torch.save writes it."
    details = {check.name: check.detail for check in own.proof.checks}
    assert set(details) == {"file", "load", "outputs", "metric"}
    assert "linear.module loads in a fresh process" in details["load"]
    assert all(proof.check.ok for proof in again)
    assert [proof.check for proof in again if proof.file == "linear.module"] == list(own.proof.checks)


def test_a_format_that_nobody_knows_proves_nothing(exported):
    *_, unknown = exported
    (check,) = (proof.check for proof in unknown if not proof.check.ok)
    assert check.name == "format"
    assert "linear.module is of the format 'whole', which is not known here" in check.detail


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda measured, path: 1 / 0, "The format mine raised ZeroDivisionError: division by zero."),
        (lambda measured, path: None, "The format mine wrote no file linear.mine"),
        (lambda measured, path: path.with_name("other").touch() or 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_a_function_that_fails_is_said_and_its_files_are_not_kept(write, words, tmp_path, monkeypatch):
    monkeypatch.setitem(FORMATS, "mine", FORMATS["pt2"])  # so that it is gone afterwards
    del FORMATS["mine"]
    export_format("mine", suffix=".mine", **FACTS)(write)
    task = make_task("linear")
    steps = list(write_export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out", ["mine"]))
    (check,) = (step for step in steps if isinstance(step, Check))
    assert (check.name, check.ok) == ("mine", False)
    assert words in check.detail
    listed = {"manifest.json", *Manifest.read(tmp_path / "out").files}
    assert {path.name for path in (tmp_path / "out").iterdir()} == listed
