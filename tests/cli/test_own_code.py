import json
from pathlib import Path

import pytest
import torch

from prunekit import verbs
from prunekit.cli import main
from prunekit.recipe import Recipe
from prunekit.subject.opening import open_task
from prunekit.tasks.functions import import_function
from tests.own_projects import write_own


@pytest.fixture
def project(tmp_path, workspace, monkeypatch):
    """A small network with random weights, beside a file that registers a criterion and a metric."""
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(workspace))
    monkeypatch.delenv("PRUNEKIT_USE", raising=False)
    file = Path(write_own(tmp_path, "graph"))
    torch.save(import_function("nets.py:plain", tmp_path)().state_dict(), tmp_path / "plain.pt")
    file.write_text(file.read_text().replace("Fixed", "plain") + 'checkpoint = "plain.pt"\n')
    return str(file)


def answer(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_scan_cuts_by_a_criterion_that_is_registered_elsewhere(project, own_code, capsys):
    scan = answer(capsys, "scan", project, "--criterion", "backwards", "--use", str(own_code), "--exact")
    assert scan["criterion"] == "backwards"
    (point,) = [point for point in scan["points"] if (point["name"], point["level"]) == ("0", 0.5)]
    # the last three of six channels go
    by_hand = Recipe(channels={"0": 0.5}, drop={"0": (3, 4, 5)})
    opened = open_task(project)
    expected = verbs.last(verbs.evaluate(opened, by_hand)).reading
    assert point["reading"]["correct"] == expected.correct
    assert point["reading"]["loss"] == pytest.approx(expected.loss, abs=1e-5)


def test_an_edited_criterion_is_not_answered_by_old_points(project, own_code):
    opened = open_task(project, use=[own_code])
    list(verbs.scan(opened, levels=(0.5,), limit=None, criterion="backwards"))
    backwards = Recipe(channels={"0": 0.5}, criterion="backwards")
    assert verbs.stored_points(opened, limit=None, criterion="backwards")
    assert verbs.unit_scores(opened, backwards, "0").kept == (0, 1, 2)
    own_code.write_text(own_code.read_text().replace("given.units, 0, -1", "1, given.units + 1"))
    open_task(project, use=[own_code])
    assert verbs.stored_points(opened, limit=None, criterion="backwards") == ()
    assert verbs.unit_scores(opened, backwards, "0").kept == (3, 4, 5)


def test_a_network_is_evaluated_by_a_metric_that_is_registered_elsewhere(project, own_code, capsys):
    right = answer(capsys, "evaluate", project)
    wrong = answer(capsys, "evaluate", project, "--metric", "missed", "--use", str(own_code))
    assert (wrong["metric"], wrong["correct"], wrong["n"]) == ("missed", None, right["n"])
    assert wrong["value"] == pytest.approx(1 - right["value"])
    assert main(("evaluate", project, "--metric", "mist", "--use", str(own_code))) == 2
    assert "Unknown metric 'mist'; did you mean missed?" in capsys.readouterr().err


def test_a_project_file_names_what_it_uses(project, own_code, capsys):
    with open(project, "a") as file:
        file.write('use = ["mine.py"]\nmetric = "missed"\n')
    cut = answer(capsys, "scan", project, "--criterion", "backwards", "--exact", "--limit", "10")
    assert {point["reading"]["metric"] for point in cut["points"]} == {"agreement"}  # of one's own metric
    assert answer(capsys, "evaluate", project)["metric"] == "missed"


def test_a_plan_keeps_to_the_criterion_of_its_recipe(project, own_code, tmp_path, capsys):
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"criterion": "backwards"}')
    planned = answer(capsys, "plan", project, "--target", "macs=0.6", "--recipe", str(recipe), "--use", str(own_code))
    best = planned["best"]
    assert best["recipe"]["criterion"] == "backwards"
    opened = open_task(project)
    kept = verbs.unit_scores(opened, Recipe.from_json(best["recipe"]), "0").kept
    assert kept == tuple(range(len(kept)))


def test_without_its_file_the_criterion_is_unknown(project, capsys):
    assert main(("scan", project, "--criterion", "backwards")) == 2
    assert "Unknown criterion 'backwards'" in capsys.readouterr().err
