import json
import signal
from dataclasses import replace

import pytest

from prunekit import verbs
from prunekit.cli import main
from prunekit.errors import ExportError
from prunekit.store import Workspace
from prunekit.verbs import recovering
from tests.own_formats import own_format

RECOVER = ("recover", "tiny", "--json", "--epochs", "1")


@pytest.fixture
def tiny(opened, monkeypatch):
    """The command line opens the tiny task, whatever it is asked for."""
    monkeypatch.setattr("prunekit.verbs.open_task", lambda *_, **__: opened)
    return opened


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text('{"channels": {"conv1": 0.5}}')
    return str(path)


@pytest.mark.parametrize("verb", [RECOVER, ("prune", "tiny")])
@pytest.mark.parametrize("place", ["full", "recipe.json", "recipe.json/sub", "/proc/nothing/here"])
def test_a_folder_that_cannot_be_exported_to_is_refused_first(tiny, recipe, capsys, monkeypatch, tmp_path, verb, place):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    monkeypatch.setattr("prunekit.verbs.evaluate", lambda *_, **__: pytest.fail("measured first"))
    monkeypatch.setattr("prunekit.verbs.recover_in_rounds", lambda *_, **__: pytest.fail("trained first"))
    assert main((*verb, "--recipe", recipe, "--out", str(tmp_path / place))) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "name a" in said.err
    assert {path.name for path in tmp_path.iterdir()} == {"full", "recipe.json"}


def test_an_export_that_fails_after_a_recovery_does_not_hide_the_run(tiny, recipe, capsys, monkeypatch, tmp_path):
    def fails(*_):
        raise ExportError("Nothing was exported: they differ.")
        yield

    monkeypatch.setattr("prunekit.verbs.export", fails)
    assert main((*RECOVER, "--recipe", recipe, "--out", str(tmp_path / "out"))) == 2
    said = capsys.readouterr()
    (run,) = verbs.history(tiny)
    assert said.err == "prunekit: Nothing was exported: they differ.\n"
    assert (json.loads(said.out)["run"], json.loads(said.out)["value"]) == (run.id, run.readings[0].value)


@pytest.mark.parametrize("extra", [(), ("--bits", "4")])
def test_the_recipe_that_recover_prints_is_its_run(tiny, recipe, capsys, tmp_path, extra):
    assert main((*RECOVER, "--recipe", recipe, *extra)) == 0
    found = json.loads(capsys.readouterr().out)
    (tmp_path / "recovered.json").write_text(json.dumps(found["recipe"]))
    assert main(("evaluate", "tiny", "--json", "--recipe", str(tmp_path / "recovered.json"))) == 0
    again = json.loads(capsys.readouterr().out)
    both = again.keys() - {"recipe", "repaired"}  # the latter is evaluate's alone
    assert {key: again[key] for key in both} == {key: found[key] for key in both}
    assert again["value"] == verbs.history(tiny)[0].readings[0].value


def test_recover_says_how_to_go_on_from_its_run(tiny, recipe, capsys):
    assert main(("recover", "tiny", "--epochs", "1", "--recipe", recipe)) == 0
    (run,) = verbs.history(tiny)
    assert f'add "base": "{run.id}" to the recipe' in capsys.readouterr().out


def test_a_format_without_a_folder_is_refused(tiny, recipe, capsys):
    assert main((*RECOVER, "--recipe", recipe, "--format", "int8")) == 2
    assert "add --out FOLDER" in capsys.readouterr().err
    assert verbs.history(tiny) == ()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (".", ". is a folder; name a file to write."),
        ("recipe.json/sub.json", "cannot be written (Not a directory); name another file."),
        ("/proc/nothing/out.json", "cannot be written (No such file or directory); name another file."),
    ],
)
@pytest.mark.parametrize("verb", [("scan", "tiny"), ("plan", "tiny", "--target", "macs=0.5")])
def test_a_file_that_cannot_be_written_is_refused_first(tiny, recipe, capsys, monkeypatch, tmp_path, place, said, verb):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"prunekit.verbs.{verb[0]}", lambda *_, **__: pytest.fail("measured first"))
    assert main((*verb, "--out", place)) == 2
    found = capsys.readouterr()
    assert (found.out, found.err.count("\n")) == ("", 1)
    assert said in found.err


@pytest.mark.parametrize("method", ["finetune", "reconstruct"])
def test_a_workspace_that_cannot_be_written_is_refused_first(tiny, recipe, capsys, monkeypatch, method):
    monkeypatch.setattr(
        "prunekit.verbs.open_task", lambda *_, **__: replace(tiny, workspace=Workspace("/proc/nothing"))
    )
    monkeypatch.setattr("prunekit.verbs.recovering.begin", lambda *_, **__: pytest.fail("trained first"))
    monkeypatch.setattr("prunekit.recover.reconstruct.reconstruct", lambda *_, **__: pytest.fail("fitted first"))
    assert main((*RECOVER, "--recipe", recipe, "--method", method)) == 2
    found = capsys.readouterr()
    assert (found.out, found.err.count("\n")) == ("", 1)
    assert "The workspace /proc/nothing cannot be " in found.err


@pytest.fixture
def interrupted(monkeypatch):
    """Ctrl+C as soon as there is progress."""
    monkeypatch.setattr("prunekit.cli.recovering.progress", lambda *_: signal.raise_signal(signal.SIGINT))


def test_a_stopped_recovery_keeps_the_best_network_so_far(tiny, recipe, interrupted, capsys, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    assert main((*RECOVER, "--recipe", recipe, "--out", str(tmp_path / "out"))) == 130
    (run,) = verbs.history(tiny)
    assert json.loads(capsys.readouterr().out)["run"] == run.id
    assert tiny.workspace.weights_path(run.id).exists()
    assert verbs.unfinished(tiny) == ()
    assert not (tmp_path / "out").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_recovery_that_is_interrupted_twice_is_gone_on_with_by_the_same_command(tiny, recipe, capsys, monkeypatch):
    write_state, reached = recovering.write_state, []

    def interrupt(*given):
        write_state(*given)
        reached.append(given)
        if len(reached) == 2:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(recovering, "write_state", interrupt)
    command = ("recover", "tiny", "--json", "--epochs", "3", "--recipe", recipe)
    assert main(command) == 130
    assert (capsys.readouterr().out, verbs.history(tiny)) == ("", ())
    assert len(verbs.unfinished(tiny)) == 1
    assert main(command) == 0
    assert len(reached) == 3  # one epoch was left to train
    assert len(verbs.history(tiny)) == 1


def test_a_stopped_reconstruction_has_nothing_to_keep(tiny, recipe, capsys, interrupted):
    assert main((*RECOVER, "--recipe", recipe, "--method", "reconstruct")) == 130
    assert (capsys.readouterr().out, verbs.history(tiny)) == ("", ())


def test_an_unknown_format_is_refused_before_anything_is_measured(tiny, recipe, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("prunekit.verbs.evaluate", lambda *_, **__: pytest.fail("measured first"))
    assert main(("prune", "tiny", "--recipe", recipe, "--out", str(tmp_path / "out"), "--format", "onxx")) == 2
    assert capsys.readouterr().err == "prunekit: Unknown format 'onxx'; did you mean onnx?\n"


def test_a_format_from_a_file_of_ones_own_is_offered_written_proven_and_verified(tiny, recipe, capsys, tmp_path):
    with own_format(tmp_path):
        with pytest.raises(SystemExit):
            main(("prune", "--help"))
        assert "whole (Whole module)" in " ".join(capsys.readouterr().out.split())
        folder = str(tmp_path / "out")
        assert main(("prune", "tiny", "--json", "--recipe", recipe, "--out", folder, "--format", "whole")) == 0
        (file,) = (one for one in json.loads(capsys.readouterr().out)["files"] if one["path"].endswith("tiny.module"))
        assert file["proof"]["ok"]
        assert main(("verify", folder, "--task", "tiny")) == 0
        assert "ok  load: tiny.module loads in a fresh process" in capsys.readouterr().out
