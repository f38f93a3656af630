from dataclasses import replace

import pytest
import torch
from torch import nn

from prunekit import verbs
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Run
from prunekit.subject.blocks import blocks_of
from prunekit.subject.subject import resolve
from prunekit.tasks.checkpoint import digest


@pytest.fixture
def block(opened):
    (found,) = blocks_of(opened)
    return found.name


def test_a_block_is_really_gone(opened, block):
    recipe = verbs.check(opened, Recipe(blocks=(block,), channels={"stem": 0.5, "conv1": 0.5}, bits={"conv1": 4}))
    evaluation = verbs.last(verbs.evaluate(opened, recipe))
    model = resolve(opened, recipe).pruned.model
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
    pruned = resolve(opened, child).pruned
    assert len(pruned.kept["stem"]) == 3
    assert set(pruned.kept["stem"]) < set(resolve(opened, again).pruned.kept["stem"])


def test_what_is_asked_of_a_removed_layer_is_let_go(opened, block):
    recipe = Recipe(blocks=(block,), channels={"conv1": 0.5}, weights={"conv2": 0.5, "fc": 0.5})
    subject = resolve(opened, recipe)
    assert subject.remaining == Recipe(task="tiny", weights={"fc": 0.5})
    assert [layer.name for layer in subject.structure.layers] == ["stem", "fc"]
    assert torch.equal(subject.opened.task.model.stem.weight, opened.task.model.stem.weight)


def test_an_unknown_block_is_refused(opened):
    with pytest.raises(RecipeError, match="There is no block 'conv9' that can be removed"):
        verbs.check(opened, Recipe(blocks=("conv9",)))


class TwoWays(nn.Module):
    """Without ``second``, the channels of ``first`` and ``side`` are added, and so the same."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 6, 3, padding=1)
        self.side = nn.Conv2d(3, 6, 1)
        self.norm = nn.BatchNorm2d(6)
        self.fc = nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(self.norm(self.second(self.first(x)) + self.side(x)).relu().mean((2, 3)))


@pytest.fixture
def two_ways(opened):
    torch.manual_seed(0)
    model = TwoWays().eval()
    task = replace(opened.task, model=model, factory=TwoWays)
    return replace(opened, task=task, structure=structure_of(model, task.example), digest=digest(model))


def test_of_groups_that_become_one_goes_what_either_lost_by_hand(two_ways):
    recipe = verbs.check(two_ways, Recipe(blocks=("second",), drop={"first": (0, 1), "second": (5,)}))
    assert resolve(two_ways, recipe).pruned.kept == {"first": (2, 3, 4)}
    assert verbs.cost(two_ways, recipe).params == 3 * (27 + 1) + 3 * (3 + 1) + 2 * 3 + 3 * 4 + 4
    held = replace(recipe, drop={}, keep={"first": (0, 1), "second": (5,)}, channels={"first": 0.5})
    assert resolve(two_ways, held).pruned.kept == {"first": (0, 1, 5)}


def test_a_run_that_loses_a_block_keeps_the_channels_that_both_sides_of_it_still_have(two_ways):
    run = verbs.last(verbs.recover(two_ways, Recipe(drop={"first": (0,), "second": (5,)}), epochs=1))
    recipe = verbs.check(two_ways, Recipe(base=run.id, blocks=("second",), recalibrate=False))
    subject = resolve(two_ways, recipe)
    pruned, inputs = subject.pruned, two_ways.task.example
    assert pruned.kept == {"first": (1, 2, 3, 4)}
    base = subject.base.model.eval()
    assert base.first.weight[0].abs().sum() == base.fc.weight[:, 5].abs().sum() == 0
    assert torch.allclose(pruned.model(inputs), base(inputs), atol=1e-6)
    with pytest.raises(RecipeError, match="every unit"):
        resolve(two_ways, verbs.check(two_ways, replace(recipe, drop={"first": (1, 2), "second": (3, 4)})))


def test_statistics_are_estimated_anew_for_another_block_but_not_for_bits_that_went_with_one(opened, block):
    *_, run = verbs.recover(opened, verbs.check(opened, Recipe(blocks=(block,), bits={"conv1": 2})), epochs=1)
    same = verbs.check(opened, replace(run.recipe, base=run.id))
    assert not verbs.last(verbs.evaluate(opened, same)).reading.recalibrated
    *_, whole = verbs.recover(opened, Recipe(channels={"conv1": 0.5}), epochs=1)
    shorter = verbs.check(opened, Recipe(base=whole.id, blocks=(block,)))
    assert verbs.last(verbs.evaluate(opened, shorter)).reading.recalibrated
