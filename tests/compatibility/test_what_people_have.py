"""What version 0.1.0 wrote still opens: a recipe, a workspace with a recovered run, an export.

The files beside this one were written by that version and are never written again; the numbers are what it printed.
"""

import shutil
from pathlib import Path

import pytest

from prunekit import verbs
from prunekit.recipe import Recipe

HERE = Path(__file__).parent
CUT, RECOVERED = "838014a4e5f2", "9e3994e08851"


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The task on a copy of the workspace, which opening may bring up to date."""
    folder = shutil.copytree(HERE / "workspace", tmp_path_factory.mktemp("old") / "workspace")
    return verbs.open_task("resnet8", folder)


def test_a_recipe_asks_the_same_question(opened):
    recipe = Recipe.from_text((HERE / "recipe.json").read_bytes())
    assert recipe.channels == {"layer1.0.conv2": 0.25, "layer2.0.conv1": 0.5}
    assert recipe.drop == {"layer3.0.conv1": (0, 5, 9)}
    # Kept are 12 of 16 channels in the stem's group, 16 of 32 in layer2.0.conv1 and 61 of 64 in layer3.0.conv1.
    stem, second, third = 12, 16, 61
    first_block = stem * 9 + 2 * (16 * stem * 9)
    second_block = second * stem * 9 + 32 * second * 9 + 32 * stem
    third_block = third * 32 * 9 + 64 * third * 9 + 64 * 32
    norms = 2 * (stem + 16 + stem + second + 32 + 32 + third + 64 + 64)
    params = first_block + second_block + third_block + norms + 64 * 10 + 10
    assert verbs.cost(opened, verbs.check(opened, recipe)).params == params


def test_a_workspace_shows_its_history(opened):
    runs = {run.id: run for run in verbs.history(opened)}
    assert len(runs) == 3
    assert runs[CUT].recipe == Recipe.from_text((HERE / "recipe.json").read_bytes())
    assert runs[CUT].readings[0].correct == 961
    assert (runs[RECOVERED].label, runs[RECOVERED].starred) == ("a quarter, one epoch", True)
    assert runs[RECOVERED].training is None  # that version did not write it down
    assert runs[RECOVERED].readings[0].correct == 493
    assert runs[runs[RECOVERED].parent].cost == runs[RECOVERED].cost
    assert opened.workspace.head(opened.key).id == RECOVERED


def test_a_workspace_keeps_what_was_scanned(opened):
    alone = {removal.block.name: removal.reading.correct for removal in verbs.known_removals(opened)}
    assert alone == {"layer1.0": 396, "layer2.0.conv2": 308, "layer3.0.conv2": 924}


def test_a_recovered_run_is_measured_again_from_its_weights(opened):
    evaluation = verbs.last(verbs.evaluate(opened, Recipe(task="resnet8", base=RECOVERED)))
    assert evaluation.reading.correct == pytest.approx(493, abs=5)  # another processor rounds otherwise
    assert evaluation.cost == opened.workspace.run(RECOVERED).cost


def test_an_export_is_proven_again():
    verdict = verbs.verify(HERE / "export")
    assert {check.name for check in verdict.checks} >= {"load", "params", "macs", "outputs", "metric"}
    assert [check for check in verdict.checks if not check.ok] == []
