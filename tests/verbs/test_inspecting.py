from dataclasses import replace

import pytest

from prunekit import verbs
from prunekit.recipe import Recipe
from tests.untouched import untouched


def test_criteria_agree_with_themselves_and_slow_ones_come_last(opened):
    records = list(verbs.agreement(opened, Recipe(), "conv2"))
    assert [record.criteria for record in records] == [
        ("l2", "l1", "bn_scale", "wanda", "lamp", "random", "taylor")[: n + 1] for n in range(7)
    ]
    last = records[-1]
    assert (last.group, last.units) == ("stem", 6)
    assert [round(row[i], 9) for i, row in enumerate(last.matrix)] == [1.0] * 7
    assert last.matrix[0][1] > 0.5  # l1 and l2 rank much alike


def test_a_criterion_that_reads_nothing_here_is_left_out(opened):
    without = replace(opened, task=replace(opened.task, data=replace(opened.task.data, train=None)))
    assert verbs.last(verbs.agreement(without, Recipe(), "stem")).criteria == ("l2", "l1", "bn_scale", "lamp", "random")


def test_only_the_units_a_base_still_has_are_ranked(opened):
    run = verbs.last(verbs.recover(opened, Recipe(channels={"stem": 0.5}), epochs=1))
    assert verbs.last(verbs.agreement(opened, verbs.recipe_of(run), "stem")).units == 3


def test_activations_of_the_task_and_of_a_recipe(opened):
    with untouched(opened.task.model):
        dense = verbs.last(verbs.activations(opened))
        cut = verbs.last(verbs.activations(opened, Recipe(channels={"stem": 0.5}), limit=10))
    assert [(a.layer, a.channels, a.n) for a in dense] == [("stem", 6, 60), ("conv1", 8, 60), ("conv2", 6, 60)]
    assert [(a.layer, a.channels, a.n) for a in cut] == [("stem", 3, 10), ("conv1", 8, 10), ("conv2", 3, 10)]
    assert 0.2 < dense[0].zeros < 0.8  # behind a ReLU


def test_kernels_show_what_the_recipe_takes(opened):
    assert verbs.kernel_layers(opened) == ("stem",)
    found = verbs.kernels(opened, Recipe(channels={"stem": 0.5}), "stem")
    kept = verbs.unit_scores(opened, Recipe(channels={"stem": 0.5}), "stem").kept
    assert [unit for unit, stays in enumerate(found.kept) if stays] == list(kept)


def test_a_layer_before_and_after_its_channels_are_cut(opened):
    found = verbs.layer_weights(opened, Recipe(channels={"stem": 0.5}), "conv1")
    assert found.dense == found.start
    assert (found.dense.n, found.desk.n) == (8 * 6 * 9, 8 * 3 * 9)
    assert {h.high for h in (found.dense, found.desk)} == {found.dense.high}
    # what stays is some of what was: no bin gains
    assert all(now <= before for now, before in zip(found.desk.counts, found.dense.counts, strict=True))
    assert found.threshold is None


@pytest.mark.parametrize("criterion", ["l1", "taylor"])
def test_the_line_of_a_cut_by_magnitude_is_the_largest_weight_that_went(opened, criterion):
    found = verbs.layer_weights(opened, Recipe(weights={"conv1": 0.25}, criterion=criterion), "conv1")
    magnitudes = opened.task.model.conv1.weight.detach().abs().flatten().sort().values
    assert found.threshold == (magnitudes[108 - 1] if criterion == "l1" else None)  # a quarter of 432
    assert found.desk.zeros == 108


def test_a_layer_that_loses_channels_and_weights_has_one_line(opened):
    recipe = Recipe(channels={"stem": 0.5}, weights={"conv1": 0.75})
    found = verbs.layer_weights(opened, recipe, "conv1")
    # 216 of 432 weights left with their channels, and 108 are to stay
    assert (found.desk.n, found.desk.zeros) == (216, 108)
    assert 0 < found.threshold < found.dense.high


def test_all_layers_share_the_range_of_the_dense_network(opened):
    reach = max(h.high for h in verbs.histograms(opened))
    for recipe in (None, Recipe(channels={"stem": 0.5})):
        assert {h.high for h in verbs.histograms(opened, recipe, common_range=True)} == {reach}


def test_scores_say_what_a_hand_decided_and_what_the_base_has_lost(opened):
    run = verbs.last(verbs.recover(opened, Recipe(channels={"stem": 0.5}), epochs=1))
    alive = verbs.unit_scores(opened, verbs.recipe_of(run), "stem").kept
    hand = {"keep": {"stem": alive[:1]}, "drop": {"stem": alive[1:2]}}
    found = verbs.unit_scores(opened, replace(verbs.recipe_of(run), **hand), "stem")
    assert (found.keep, found.drop) == (alive[:1], alive[1:2])
    assert sorted({*found.gone, *alive}) == [*range(6)]
    assert len(found.gone) == 3
