from dataclasses import replace

import pytest

from prunekit.errors import ExportError
from prunekit.export import export as room
from prunekit.export.export import export
from prunekit.export.formats import FORMATS
from prunekit.export.manifest import Manifest
from prunekit.export.measured import Measured
from prunekit.export.verify import Proof
from prunekit.export.writing import write_export
from prunekit.recipe import Recipe
from prunekit.records import Check, ExportedFile, Mode
from tests.export.conftest import cut, make_task


@pytest.fixture
def task():
    return make_task("linear")


@pytest.fixture
def approved(monkeypatch):
    """Every file passes, without a fresh process; the real proof is tested beside `verify`."""

    def proofs(paths, splits, network):
        for name in Manifest.read(paths[0]).files:
            yield Proof(paths[0], name, Check("file", True, f"{name} is fine."))

    monkeypatch.setattr(room, "proofs", proofs)


def test_an_export_ends_with_its_files_and_their_proofs(task, tmp_path):
    *steps, files = export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out" / "linear")
    assert [step.path.rpartition("/")[2] for step in steps if isinstance(step, ExportedFile)] == [
        "reference.safetensors",
        "linear.safetensors",
        "load_linear.py",
        "linear.pt2",
        "recipe.json",
    ]
    assert all(file.proof.ok for file in files)
    assert {file.path: file.bytes for file in files} == {
        str(path): path.stat().st_size
        for path in (tmp_path / "out" / "linear").iterdir()
        if path.name != "manifest.json"
    }
    assert [check.name for check in files[1].proof.checks] == [
        "file",
        "load",
        "params",
        "zeros",
        "macs",
        "outputs",
        "metric",
    ]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["linear"]


def test_the_recipe_beside_it_is_the_recipe(task, approved, tmp_path):
    structure, recipe, pruned, reading = cut(task, Mode.CHANNELS)
    list(export(Measured(task, structure, recipe, pruned, reading), tmp_path / "out"))
    assert Recipe.from_text((tmp_path / "out" / "recipe.json").read_text()) == recipe


def test_an_earlier_export_is_replaced(task, approved, tmp_path):
    folder = tmp_path / "out"
    list(export(Measured(task, *cut(task, Mode.CHANNELS)), folder))
    (folder / "__pycache__").mkdir()
    list(export(Measured(replace(task, name="later"), *cut(task, Mode.WEIGHTS)), folder))
    assert Manifest.read(folder).name == "later"
    assert not (folder / "linear.pt2").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_taken(task, approved, tmp_path):
    (tmp_path / "out").mkdir()
    list(export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out"))
    assert (tmp_path / "out" / "linear.safetensors").is_file()


def test_a_folder_with_other_files_is_left_alone(task, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match=r"holds other files \(thesis.txt\)"):
        list(export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_export_with_other_files_is_left_alone(task, approved, tmp_path):
    folder = tmp_path / "out"
    list(export(Measured(task, *cut(task, Mode.CHANNELS)), folder))
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match="thesis.txt"):
        list(export(Measured(task, *cut(task, Mode.CHANNELS)), folder))
    assert (folder / "thesis.txt").read_text() == "mine"


def test_a_file_is_not_replaced(task, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match="is a file"):
        list(export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out"))


@pytest.mark.parametrize("place", ["file/sub", "/proc/nothing/here"])
def test_a_place_that_cannot_be_written_is_said_in_one_sentence(task, tmp_path, place):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportError, match=r"cannot be written \((Not a directory|No such file or directory)\); name"):
        list(export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / place))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_fills_while_it_is_written_leaves_nothing(task, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("prunekit.export.checkpoint.write_checkpoint", full)
    with pytest.raises(ExportError, match=r"out cannot be written \(No space left on device\)"):
        list(export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_proof_leaves_nothing(task, monkeypatch, tmp_path):
    differs = Check("outputs", False, "they differ.")
    monkeypatch.setattr(room, "proofs", lambda paths, splits, network: iter([Proof(paths[0], "a", differs)]))
    with pytest.raises(ExportError, match="Nothing was exported: they differ."):
        list(export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_stopping_in_between_leaves_nothing(task, tmp_path):
    steps = export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out")
    next(steps)
    steps.close()
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_cannot_be_captured_has_no_program(task, approved, monkeypatch, tmp_path):
    def refuse(*_):
        raise ExportError("torch.export cannot capture this network.")

    monkeypatch.setitem(FORMATS, "pt2", replace(FORMATS["pt2"], write=refuse))
    *steps, files = export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out")
    assert Check("pt2", False, "torch.export cannot capture this network.") in steps
    assert not any(file.path.endswith(".pt2") for file in files)


def test_an_int8_file_that_nothing_could_measure_is_not_written(task, monkeypatch, tmp_path):
    """ONNX Runtime has no network to ask a person's own metric of, so the file could not be proven."""
    monkeypatch.setitem(FORMATS, "onnx", replace(FORMATS["onnx"], write=lambda _, path: path.write_bytes(b"onnx")))
    task = replace(task, metric="own.py:mine", data=replace(task.data, train=lambda epoch: task.data.validation))
    *_, single, check, _recipe = write_export(Measured(task, *cut(task, Mode.CHANNELS)), tmp_path / "out", ["int8"])
    assert (check.name, check.ok) == ("int8", False)
    assert "own.py:mine is not known where it is proven" in check.detail
    assert single.path.endswith("linear.onnx")
    listed = {"manifest.json", *Manifest.read(tmp_path / "out").files}
    assert {path.name for path in (tmp_path / "out").iterdir()} == listed


@pytest.mark.parametrize("change", [{"n": 20}, {"split": "test"}, {"recipe": "0" * 16}])
def test_a_reading_of_something_else_is_refused(task, tmp_path, change):
    *rest, reading = cut(task, Mode.CHANNELS)
    with pytest.raises(ExportError, match="needs this recipe's reading on all 40"):
        list(export(Measured(task, *rest, replace(reading, **change)), tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
