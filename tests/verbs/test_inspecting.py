from dataclasses import replace

from prunekit import verbs
from prunekit.recipe import Recipe
from tests.untouched import untouched


def test_criteria_agree_with_themselves_and_slow_ones_come_last(opened):
    records = list(verbs.agreement(opened, Recipe(), "conv2"))
    assert [record.criteria for record in records] == [
        ("l2", "l1", "bn_scale", "random", "taylor")[: n + 1] for n in range(5)
    ]
    last = records[-1]
    assert (last.group, last.units) == ("stem", 6)
    assert [round(row[i], 9) for i, row in enumerate(last.matrix)] == [1.0] * 5
    assert last.matrix[0][1] > 0.5  # l1 and l2 rank much alike


def test_a_criterion_that_reads_nothing_here_is_left_out(opened):
    without = replace(opened, task=replace(opened.task, data=replace(opened.task.data, train=None)))
    assert verbs.last(verbs.agreement(without, Recipe(), "stem")).criteria == ("l2", "l1", "bn_scale", "random")


def test_only_the_units_a_base_still_has_are_ranked(opened):
    run = verbs.last(verbs.recover(opened, Recipe(channels={"stem": 0.5}), epochs=1))
    assert verbs.last(verbs.agreement(opened, verbs.recipe_of(run), "stem")).units == 3


def test_activations_of_the_task_and_of_a_recipe(opened):
    with untouched(opened.task.model):
        dense = verbs.activations(opened)
        cut = verbs.activations(opened, Recipe(channels={"stem": 0.5}), limit=10)
    assert [(a.layer, a.channels, a.n) for a in dense] == [("stem", 6, 60), ("conv1", 8, 60), ("conv2", 6, 60)]
    assert [(a.layer, a.channels, a.n) for a in cut] == [("stem", 3, 10), ("conv1", 8, 10), ("conv2", 3, 10)]
    assert 0.2 < dense[0].zeros < 0.8  # behind a ReLU


def test_kernels_show_what_the_recipe_takes(opened):
    assert verbs.kernel_layers(opened) == ("stem",)
    found = verbs.kernels(opened, Recipe(channels={"stem": 0.5}), "stem")
    kept = verbs.unit_scores(opened, Recipe(channels={"stem": 0.5}), "stem").kept
    assert [unit for unit, stays in enumerate(found.kept) if stays] == list(kept)
