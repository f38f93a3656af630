from dataclasses import replace

import pytest

from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.tasks.resnet import resnet8
from prunekit.ui.state.rows import moved, rows


@pytest.fixture(scope="module")
def structure():
    import torch

    return structure_of(resnet8().eval(), torch.zeros(2, 1, 28, 28))


def test_rows_are_the_layers_in_execution_order(structure):
    for mode in Mode:
        assert [row.layer for row in rows(structure, Recipe(), mode)] == [layer.name for layer in structure.layers]


def test_a_group_says_what_stays_on_each_of_its_layers(structure):
    found = {row.layer: row for row in rows(structure, Recipe(channels={"conv1": 0.3}), Mode.CHANNELS)}
    assert [found[name].kept for name in ("conv1", "layer1.0.conv2")] == [11, 11]  # ⌊16 · 0.7⌋
    assert found["conv1"].linked == ("layer1.0.conv2",)
    assert found["fc"].protected


def test_no_slider_goes_below_what_its_base_has_lost(structure):
    base = Recipe(channels={"conv1": 0.5})
    found = rows(structure, Recipe(base="run", channels={"conv1": 0.25}), Mode.CHANNELS, base)[0]
    assert (found.floor, found.sparsity, found.kept) == (0.5, 0.5, 8)


def test_weights_are_counted_by_layer(structure):
    found = {row.layer: row for row in rows(structure, Recipe(weights={"fc": 0.5}), Mode.WEIGHTS)}
    assert (found["fc"].pieces, found["fc"].kept, found["fc"].protected) == (640, 320, False)


def test_weights_that_went_with_channels_are_the_bars_ground(structure):
    # layer3.0.conv1 reads 32 channels by 3 × 3 and has 64 units: a quarter of them leaves 4,608 of 18,432 weights.
    recipe, remaining = Recipe(weights={"layer3.0.conv1": 0.5}), {"layer3.0.conv1": 4608}
    ground = {row.layer: row for row in rows(structure, recipe, Mode.WEIGHTS, weights=remaining)}["layer3.0.conv1"]
    assert (ground.kept, ground.gone, ground.level, ground.lowest) == (4608, 0.75, 0.75, 0.75)
    assert ground.sparsity_at(0.75) == 0.5  # it stands still, so the recipe stays as it is
    assert (ground.sparsity_at(0.6), ground.sparsity_at(0.9)) == (0.0, 0.9)
    above = replace(recipe, weights={"layer3.0.conv1": 0.9})
    cut = {row.layer: row for row in rows(structure, above, Mode.WEIGHTS, weights=remaining)}["layer3.0.conv1"]
    assert (cut.kept, cut.level) == (1843, 0.9)  # ⌊18,432 · 0.1⌋
    pattern = replace(recipe, weights={"layer3.0.conv1": "2:4"})
    half = {row.layer: row for row in rows(structure, pattern, Mode.WEIGHTS, weights=remaining)}["layer3.0.conv1"]
    assert (half.kept, half.level) == (2304, 0.875)  # half of what the channels leave


def test_a_channel_dropped_by_hand_moves_its_bar(structure):
    dropped = Recipe(drop={"conv1": (3,)})
    ground = rows(structure, dropped, Mode.CHANNELS, available={"conv1": 15})[0]
    assert (ground.kept, ground.level, ground.floor, ground.sparsity_at(0.0)) == (15, 1 / 16, 0.0, 0.0)
    stepped = rows(structure, replace(dropped, round_to={"conv1": 4}), Mode.CHANNELS, available={"conv1": 15})[0]
    assert stepped.kept == 12
    more = rows(structure, replace(dropped, channels={"conv1": 0.5}), Mode.CHANNELS, available={"conv1": 15})[0]
    assert (more.kept, more.level) == (8, 0.5)  # the dropped one is among those that go


def test_a_move_changes_its_own_mode_only():
    recipe = Recipe(channels={"conv1": 0.5}, weights={"fc": 0.1})
    assert moved(recipe, Mode.WEIGHTS, {"fc": 0.0}) == Recipe(channels={"conv1": 0.5})
    assert moved(recipe, Mode.CHANNELS, {"conv1": 0.2}) == Recipe(channels={"conv1": 0.2}, weights={"fc": 0.1})


def test_a_pattern_stays_one_until_its_bar_moves():
    recipe = Recipe(weights={"a": "2:4", "b": 0.5})
    same = moved(recipe, Mode.WEIGHTS, {"a": 0.5, "b": 0.25})
    assert same == Recipe(weights={"a": "2:4", "b": 0.25})
    assert moved(recipe, Mode.WEIGHTS, {"a": 0.6}).weights["a"] == 0.6
