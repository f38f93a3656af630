import json

import pytest

from prunekit import verbs
from prunekit.cli import main
from prunekit.recipe import Recipe
from prunekit.subject.opening import open_task


def evaluate(capsys, *arguments):
    assert main(["evaluate", "resnet8", *arguments]) == 0
    return capsys.readouterr().out


@pytest.fixture
def recipe(tmp_path, workspace, monkeypatch):
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(workspace))
    path = tmp_path / "recipe.json"
    path.write_text('{"channels": {"layer3.0.conv1": 0.6}}')
    return str(path)


def test_what_a_cut_is_worth_once_it_is_repaired_stands_beside_what_it_is_as_cut(recipe, capsys):
    answer = json.loads(evaluate(capsys, "--recipe", recipe, "--repaired", "--json"))
    repaired = verbs.last(verbs.repair(open_task("resnet8"), Recipe(channels={"layer3.0.conv1": 0.6})))
    assert answer["repaired"]["correct"] == repaired.correct
    assert answer["repaired"]["kl"] < answer["kl"]
    assert f"repaired, without training: {repaired!r}" in evaluate(capsys, "--recipe", recipe, "--repaired")


def test_nobody_repairs_unasked(recipe, capsys):
    assert json.loads(evaluate(capsys, "--recipe", recipe, "--limit", "100", "--json"))["repaired"] is None
