"""Every bundled task under random recipes in both modes: what is displayed is what the exported files are."""

import random
from dataclasses import replace

import pytest

from prunekit.cut.pruned import prune
from prunekit.errors import ExportError
from prunekit.export import measured
from prunekit.export.formats import FORMATS
from prunekit.export.measured import Measured
from prunekit.export.verify import proofs
from prunekit.export.writing import write_export
from prunekit.graph import structure_of
from prunekit.program.outputs import Outputs
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.tasks.zoo import TASKS
from tests.export.conftest import read

RECIPES = 3


def draw(structure, task: str, mode: Mode, rng: random.Random) -> Recipe:
    """Cut about two thirds of what can be cut, each by another fraction."""
    if mode is Mode.CHANNELS:
        names = [group.name for group in structure.prunable]
        cuts = {name: round(rng.uniform(0.05, 0.7), 2) for name in names if rng.random() < 0.7}
        return Recipe(task=task, channels=cuts)
    names = [layer.name for layer in structure.layers]
    return Recipe(task=task, weights={name: round(rng.uniform(0.05, 0.9), 2) for name in names if rng.random() < 0.7})


@pytest.fixture(scope="module")
def proven(tmp_path_factory):
    """Proofs of all exports, from one fresh process; a task's first export of less channels has a program, too.

    The answers that were measured are the reference of the proof: the measured network runs once.
    """
    root = tmp_path_factory.mktemp("bundled")
    rng = random.Random(7)
    folders = {}
    with pytest.MonkeyPatch.context() as patch:
        pt2 = FORMATS["pt2"]
        for name, open_task in TASKS.items():
            task = open_task()
            structure = structure_of(task.model, task.example)
            for mode in Mode:
                for i in range(RECIPES):
                    patch.setitem(FORMATS, "pt2", pt2 if has_program(mode, i) else replace(pt2, write=_left_out))
                    recipe = draw(structure, name, mode, rng)
                    pruned = prune(task.model, structure, recipe)
                    outputs = Outputs(pruned.model, task.data.validation)
                    patch.setattr(measured, "logits", lambda _model, _split, known=outputs: known[:])
                    reading = read(pruned, recipe, task.data.validation, task.metric, outputs)
                    folders[name, mode, i] = root / f"{name}-{mode}-{i}"
                    answer = Measured(task, structure, recipe, pruned, reading)
                    for _ in write_export(answer, folders[name, mode, i]):
                        pass
    found = {key: [] for key in folders}
    keys = {folder: key for key, folder in folders.items()}
    for proof in proofs(list(folders.values())):
        found[keys[proof.path]].append(proof)
    return found


def has_program(mode: Mode, i: int) -> bool:
    return mode is Mode.CHANNELS and i == 0


def _left_out(*_) -> None:
    raise ExportError("One program for each task is enough for a test.")


@pytest.mark.slow
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", TASKS)
def test_what_is_displayed_is_what_is_exported(proven, name, mode):
    for i in range(RECIPES):
        proofs_of = proven[name, mode, i]
        assert [proof.check.detail for proof in proofs_of if not proof.check.ok] == []
        networks = {proof.file for proof in proofs_of if proof.check.name == "metric"}
        assert len(networks) == (2 if has_program(mode, i) else 1)
        close = [proof.check.detail for proof in proofs_of if proof.check.name == "metric"]
        assert all(detail.endswith("none of them.") for detail in close)
