from dataclasses import replace

import pytest
import torch

from prunekit import verbs
from prunekit.errors import RecipeError
from prunekit.recipe import Recipe
from prunekit.records import Run
from prunekit.verbs.blocks import apart, blocks_of
from prunekit.verbs.networks import network_of


@pytest.fixture
def block(opened):
    (found,) = blocks_of(opened)
    return found.name


def test_a_block_is_really_gone(opened, block):
    recipe = verbs.check(opened, Recipe(blocks=(block,), channels={"stem": 0.5, "conv1": 0.5}, bits={"conv1": 4}))
    evaluation = verbs.last(verbs.evaluate(opened, recipe))
    model = network_of(opened, recipe).pruned.model
    # stem 3·3·9 and fc 3·4 + 4, one BatchNorm of 3; conv1 and conv2 are gone
    assert evaluation.cost.params == 81 + 6 + 16 == sum(p.numel() for p in model.parameters())
    assert evaluation.cost == verbs.cost(opened, recipe)
    assert evaluation.cost.macs == 81 * 36 + 12
    assert verbs.layer_costs(opened, recipe)[1:3] == ((0, 0), (0, 0))
    slow = verbs.last(verbs.evaluate(opened, recipe, quick=False))
    assert slow.reading.loss == pytest.approx(evaluation.reading.loss, rel=1e-4)
    assert evaluation.reading.recalibrated


def test_an_export_without_a_block_proves_equal(opened, block, tmp_path):
    *_, files = verbs.export(opened, Recipe(blocks=(block,), channels={"stem": 0.33}), tmp_path / "out")
    assert all(file.proof.ok for file in files)
    scope = {"__file__": str(tmp_path / "out" / "load_tiny.py"), "__name__": "load_tiny"}
    exec((tmp_path / "out" / "load_tiny.py").read_text(), scope)
    assert sum(p.numel() for p in scope["load"]().parameters()) == 4 * 27 + 2 * 4 + 4 * 4 + 4


def test_a_recovered_run_stays_without_its_blocks(opened, block):
    cut = Recipe(blocks=(block,), channels={"stem": 0.33})
    *_, run = verbs.recover(opened, cut, epochs=1)
    assert isinstance(run, Run)
    child = verbs.check(opened, Recipe(base=run.id, channels={"stem": 0.5}))
    assert child.blocks == (block,)
    again = replace(verbs.check(opened, cut), base=run.id)
    assert verbs.last(verbs.evaluate(opened, again)).reading.correct == run.readings[0].correct
    pruned = network_of(opened, child).pruned
    assert len(pruned.kept["stem"]) == 3
    assert set(pruned.kept["stem"]) < set(network_of(opened, again).pruned.kept["stem"])


def test_what_is_asked_of_a_removed_layer_is_let_go(opened, block):
    recipe = verbs.check(opened, Recipe(blocks=(block,), channels={"conv1": 0.5}, weights={"conv2": 0.5, "fc": 0.5}))
    short, left = apart(opened, recipe)
    assert left == Recipe(task="tiny", weights={"fc": 0.5})
    assert [layer.name for layer in short.structure.layers] == ["stem", "fc"]
    assert torch.equal(short.task.model.stem.weight, opened.task.model.stem.weight)


def test_an_unknown_block_is_refused(opened):
    with pytest.raises(RecipeError, match="There is no block 'conv9' that can be removed"):
        verbs.check(opened, Recipe(blocks=("conv9",)))
