import json
import platform
from dataclasses import replace

import pytest
import torch

from prunekit import verbs
from prunekit.cli import main
from prunekit.recipe import Recipe
from prunekit.records import Conditions, Run


@pytest.fixture
def threads(monkeypatch):
    """Let a test choose torch's threads, as outside of tests."""
    monkeypatch.delenv("OMP_NUM_THREADS")
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 1), (7, 3), (None, 1)])
def test_opening_a_task_takes_half_of_the_cores(tmp_path, monkeypatch, threads, cores, expected):
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    threads(5)
    opened = verbs.open_task("article", tmp_path)
    assert torch.get_num_threads() == opened.conditions.threads == expected


def test_the_environment_says_how_many_threads(tmp_path, monkeypatch, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    threads(2)  # what torch makes of it
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    assert verbs.open_task("article", tmp_path).conditions.threads == 2


def test_command_line_and_screen_agree_to_the_bit(tmp_path, monkeypatch, capsys, threads):
    """Recalibrated statistics differ in their last bits from one thread count to another."""
    recipe = Recipe(task="resnet8", channels={"conv1": 0.5, "layer3.0.conv1": 0.3})
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_json()))
    answers = []
    for started_with in (2, 1):
        threads(started_with)
        assert main(["evaluate", "resnet8", "--recipe", str(tmp_path / "recipe.json"), "--json",
                     "--workspace", str(tmp_path / "ws")]) == 0  # fmt: skip
        answers.append(json.loads(capsys.readouterr().out))
        assert answers[-1].pop("repaired") is None  # nobody asked for it
    threads(2)
    opened = verbs.open_task("resnet8", tmp_path / "ws")
    answers.append(json.loads(json.dumps(verbs.last(verbs.evaluate(opened, recipe)).to_json())))
    assert answers[0]["recalibrated"]
    assert answers[0] == answers[1] == answers[2]


def test_a_run_remembers_what_it_was_computed_under(opened):
    recipe = verbs.check(opened, Recipe(channels={"conv1": 0.5}, seed=3))
    run = verbs.commit(opened, recipe, verbs.cost(opened, recipe), None, None)
    cpu = torch.backends.cpu.get_cpu_capability()
    expected = Conditions(torch.get_num_threads(), 250, 3, platform.python_version(), torch.__version__, cpu)
    assert run.conditions == expected
    assert opened.workspace.run(run.id) == run
    assert run.to_json()["conditions"]["seed"] == 3


def test_a_recovered_run_remembers_its_training(opened):
    recipe = verbs.check(opened, Recipe(channels={"conv1": 0.5}, seed=4))
    opened = replace(opened, conditions=replace(opened.conditions, threads=2))
    *_, run = verbs.recover(opened, recipe, epochs=1)
    assert isinstance(run, Run)
    assert opened.workspace.run(run.id).conditions == replace(opened.conditions, threads=1, batch=64, seed=4)
