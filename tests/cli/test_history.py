import json

import pytest

from prunekit import verbs
from prunekit.cli import main
from prunekit.recipe import Recipe


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Commit one run of resnet8 into a workspace of its own."""
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(tmp_path / "workspace"))
    opened = verbs.open_task("resnet8")
    recipe = verbs.check(opened, Recipe(channels={"conv1": 0.5}))
    reading = next(verbs.evaluate(opened, recipe)).reading
    return verbs.commit(opened, recipe, verbs.cost(opened, recipe), reading, None)


def test_history_and_compare_say_what_the_verbs_say(capsys, run):
    assert main(["history", "resnet8"]) == 0
    assert f"● {run.id}" in capsys.readouterr().out.replace("●  ", "● ")
    assert main(["history", "resnet8", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["task"], told["head"]) == ("resnet8", run.id)
    assert [(r["id"], r["params"], r["readings"][0]["n"]) for r in told["runs"]] == [(run.id, run.cost.params, 100)]
    assert Recipe.from_json(told["runs"][0]["recipe"]) == run.recipe
    assert main(["compare", "resnet8", "dense", run.id, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(change["key"], change["name"], change["a"], change["b"]) for change in told["changes"]] == [
        ("channels", "conv1", 0.0, 0.5)
    ]
    dense, cut = told["evaluations"]
    assert cut["correct"] - dense["correct"] == told["fixed"] - told["broken"]
    assert main(["compare", "resnet8", run.id, run.id]) == 0
    assert "0 predictions differ" in capsys.readouterr().out


def test_an_unknown_run_is_one_line(capsys, run):
    assert main(["compare", "resnet8", "dense", run.id[:-1]]) == 2
    assert capsys.readouterr().err == f"prunekit: Unknown run {run.id[:-1]!r}; did you mean {run.id}?\n"


def test_an_empty_history_says_what_to_do(capsys, tmp_path):
    assert main(["history", "resnet8", "--workspace", str(tmp_path / "none")]) == 0
    assert "There is no run yet: move a bar" in capsys.readouterr().out


def test_latency_prints_both_networks_and_a_verdict(capsys, monkeypatch, run):
    monkeypatch.setattr("prunekit.timing.latency.SECONDS", 0.0)
    assert main(["latency", "resnet8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["dense", "candidate"]
    assert "6 rounds, batch 1, threads 1" in lines[2]


def test_a_recipe_that_is_no_text_is_one_line(capsys, tmp_path, run):
    (tmp_path / "recipe.json").write_bytes(b"\xff\x00")
    assert main(["evaluate", "resnet8", "--recipe", str(tmp_path / "recipe.json")]) == 2
    assert "The recipe is not valid JSON" in capsys.readouterr().err
