import json

import pytest
import torch

from prunekit import verbs
from prunekit.cli import main
from prunekit.recipe import Recipe
from tests.verbs.test_adopting import right, trained

HALF = Recipe(channels={"conv1": 0.5})


@pytest.fixture
def tiny(opened, monkeypatch):
    """The command line opens the tiny task, whatever it is asked for."""
    monkeypatch.setattr("prunekit.verbs.open_task", lambda *_, **__: opened)
    return opened


@pytest.fixture
def command(tiny, tmp_path):
    (tmp_path / "half.json").write_text('{"channels": {"conv1": 0.5}}')
    return "adopt", "tiny", str(tmp_path / "mine.pth"), "--recipe", str(tmp_path / "half.json")


@pytest.fixture
def model(tiny, tmp_path):
    """The network of the recipe, trained and saved elsewhere."""
    model = trained(tiny, HALF)
    torch.save({"model": model.state_dict(), "epoch": 1}, tmp_path / "mine.pth")
    return model


def test_the_answer_is_that_of_a_recovery(tiny, command, model, capsys, tmp_path):
    assert main((*command, "--note", "mine", "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    (run,) = verbs.history(tiny)
    assert (answer["run"], run.label) == (run.id, "mine")
    assert answer["correct"] == right(model, tiny.task.data.validation)
    assert answer["recipe"] == {**verbs.check(tiny, HALF).to_json(), "base": run.id}
    assert main(("recover", "tiny", "--recipe", str(tmp_path / "half.json"), "--epochs", "1", "--json")) == 0
    assert answer.keys() == json.loads(capsys.readouterr().out).keys()


def test_in_words_it_says_how_to_go_on(tiny, command, model, capsys):
    assert main(command) == 0
    (run,) = verbs.history(tiny)
    out = capsys.readouterr().out
    assert out.startswith(f"run {run.id}\naccuracy ")
    assert f'add "base": "{run.id}" to the recipe' in out


def test_weights_that_do_not_fit_are_one_sentence(tiny, command, capsys, tmp_path):
    torch.save(tiny.task.model.state_dict(), tmp_path / "mine.pth")
    assert main((*command, "--json")) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "prunekit: The checkpoint mine.pth has the shapes of the dense network (conv1.weight is 8×6×3×3, once cut "
        "4×6×3×3); train the one that the recipe leaves.\n"
    )
    assert verbs.history(tiny) == ()


def test_a_file_that_is_not_there_is_one_sentence(command, capsys):
    assert main(command) == 2
    assert capsys.readouterr().err.endswith("mine.pth cannot be read: No such file or directory.\n")


def test_a_folder_that_cannot_be_exported_to_is_refused_first(tiny, command, model, capsys, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    assert main((*command, "--out", str(tmp_path))) == 2
    assert verbs.history(tiny) == ()
    assert main((*command, "--format", "onnx")) == 2
    assert "add --out FOLDER" in capsys.readouterr().err


def test_it_is_exported_where_that_is_wanted(tiny, command, model, capsys, tmp_path):
    assert main((*command, "--out", str(tmp_path / "out"), "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {file["path"].rpartition("/")[2] for file in answer["files"]} == {
        path.name for path in (tmp_path / "out").iterdir()
    } - {"manifest.json"}
    assert all(file["proof"]["ok"] for file in answer["files"])
