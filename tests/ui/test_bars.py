"""The bars as the browser gets them: one for each group, with what its layers lose alone."""

import pytest
import torch

from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Mode, Point, Reading, Status
from prunekit.tasks.resnet import resnet8
from prunekit.ui.equalizer.bars import bars, losses, rising
from prunekit.ui.state.rows import rows


@pytest.fixture(scope="module")
def structure():
    return structure_of(resnet8().eval(), torch.zeros(2, 1, 28, 28))


def point(name, level, correct, n=200, interval=None, status=Status.MEASURED):
    reading = Reading("accuracy", correct / n, n, correct, interval, 0.0, level / 10, "validation", status, "recipe")
    return Point(Mode.CHANNELS, name, level, reading)


def test_every_group_has_one_bar_and_every_layer_is_on_one(structure):
    made = bars(rows(structure, Recipe(), Mode.CHANNELS), structure, {})
    assert len({bar["key"] for bar in made}) == len(made)
    on_bars = [layer["name"] for bar in made for layer in bar["layers"]]
    assert sorted(on_bars) == sorted(layer.name for layer in structure.layers)


def test_weights_have_a_bar_for_each_layer(structure):
    made = bars(rows(structure, Recipe(), Mode.WEIGHTS), structure, {})
    assert [bar["name"] for bar in made] == [layer.name for layer in structure.layers]


def test_losses_are_points_below_the_dense_network_on_as_many_samples():
    known = losses(
        [
            point("conv1", 0.5, 180, interval=(0.86, 0.94)),
            point("conv1", 0.25, 198, interval=(0.985, 0.995)),
            point("stem", 0.5, 12, n=16, status=Status.ESTIMATED),
        ],
        {200: 0.995, 16: 1.0},
    )
    assert known == {
        "conv1": [(0.25, 0.5, 0.025, False), (0.5, 9.5, 0.05, True)],  # 99.5 − 99 and 99.5 − 90
        "stem": [(0.5, 25.0, 0.05, True)],  # 16 of 16 and 12 of 16
    }


def test_a_lower_metric_may_be_better_and_nothing_is_known_without_the_dense_network():
    rise = losses([point("conv1", 0.5, 20)], {200: 0.05}, higher_is_better=False)
    assert rise["conv1"][0][:2] == (0.5, 5.0)
    assert losses([point("conv1", 0.5, 20)], {}) == {}


@pytest.mark.parametrize("values", [[3.0, 1.0, 2.0], [0.0, 1.0, 5.0], [4.0, 3.0, 2.0, 1.0], []])
def test_rising_values_keep_their_mean_and_never_fall(values):
    fitted = rising(values)
    assert fitted == sorted(fitted)
    assert sum(fitted) == pytest.approx(sum(values))


def test_a_bar_says_the_bits_of_all_its_layers(structure):
    made = bars(rows(structure, Recipe(), Mode.CHANNELS), structure, {}, {"layer1.0.conv2": 4, "layer1.0.conv1": 2})
    assert {bar["name"]: bar["bits"] for bar in made if bar["bits"]} == {"conv1": "32/4", "layer1.0.conv1": "2"}
