from functools import cache
from itertools import islice

import pytest

from prunekit.graph import structure_of
from prunekit.measure.evaluate import evaluate, logits
from prunekit.measure.pruned import prune
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.recover.recalibrate import recalibrate
from prunekit.search.scan import scan, sizes, spread
from tests import nets, samples
from tests.untouched import Raising, untouched

SPLIT = samples.split(240)


@cache
def opened(name):
    net = nets.make(name)
    return net, structure_of(net, nets.example(name))


def test_levels_span_the_range_early():
    # 0.5; then 0.9 and 0.1 are equally far; then 0.7 and 0.3; then what is left from the top
    assert spread([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) == [0.5, 0.9, 0.1, 0.7, 0.3, 0.8, 0.6, 0.4, 0.2]
    assert spread([0.9, 0.5]) == [0.9, 0.5]
    assert spread([]) == []


def test_every_group_comes_at_one_level_before_the_next_and_protected_ones_never():
    net, structure = opened("residual")
    points = list(scan(net, structure, SPLIT, levels=[0.25, 0.5, 0.75]))
    assert [(point.name, point.level) for point in points] == [
        (name, level) for level in (0.5, 0.75, 0.25) for name in ("stem", "conv1")
    ]


def test_a_point_is_the_measured_network_of_its_recipe():
    net, structure = opened("plain")
    base = Recipe(task="toy", criterion="l1", seed=3, channels={"conv1": 0.5})
    (point,) = islice(scan(net, structure, SPLIT, base=base, levels=[0.5]), 1, 2)
    recipe = Recipe(task="toy", criterion="l1", seed=3, channels={"conv2": 0.5}, recalibrate=False)
    head = SPLIT.head(200)
    smaller = prune(net, structure, recipe).model
    *_, expected = evaluate(smaller, head, recipe=recipe.digest, dense_logits=logits(net, head))
    assert (point.kind, point.name, point.reading) == (Mode.CHANNELS, "conv2", expected)
    assert expected.n == 200


def test_with_train_samples_batchnorm_is_recalibrated_first():
    net, structure = opened("plain")
    train = samples.split(250, seed=5)
    point = next(scan(net, structure, SPLIT, levels=[0.5], train=train))
    *_, expected = evaluate(
        recalibrate(prune(net, structure, Recipe(channels={"conv1": 0.5})).model, train), SPLIT.head(200)
    )
    assert point.reading.recalibrated
    assert point.reading.loss == pytest.approx(expected.loss)
    assert point.reading.recipe == Recipe(channels={"conv1": 0.5}).digest


def test_layers_are_scanned_with_the_classifier():
    net, structure = opened("plain")
    points = list(scan(net, structure, SPLIT, mode=Mode.WEIGHTS, levels=[0.5]))
    assert [(point.kind, point.name) for point in points] == [
        (Mode.WEIGHTS, name) for name in ("conv1", "conv2", "fc1", "fc2")
    ]
    recipe = Recipe(weights={"fc1": 0.5}, recalibrate=False)
    *_, expected = evaluate(prune(net, structure, recipe).model, SPLIT.head(200))
    assert points[2].reading.loss == expected.loss
    assert points[2].reading.recipe == recipe.digest


def test_known_cells_are_skipped_and_few_units_measured_once():
    net, structure = opened("residual")
    points = list(scan(net, structure, SPLIT, levels=[0.4, 0.5, 0.6], skip={("stem", 0.5), ("conv1", 0.4)}))
    assert {(point.name, point.level) for point in points} == {
        ("stem", 0.4),
        ("stem", 0.6),
        ("conv1", 0.5),
        ("conv1", 0.6),
    }
    # of 6 units, sparsity 0.4 and 0.5 both keep 3
    stem = {
        point.level: point.reading for point in scan(net, structure, SPLIT, levels=[0.4, 0.5]) if point.name == "stem"
    }
    assert stem[0.4].loss == stem[0.5].loss
    assert stem[0.4].recipe != stem[0.5].recipe


def test_the_network_is_untouched_at_every_point():
    net, structure = opened("plain")
    net.train()
    try:
        with untouched(net):
            points = scan(net, structure, SPLIT)
            with untouched(net):
                next(points)
            points.close()
    finally:
        net.eval()


def test_the_network_is_untouched_by_a_forward_that_raises():
    _, structure = opened("plain")
    net = Raising(nets.make("plain")).train()
    with untouched(net), pytest.raises(ValueError, match="no such luck"):
        next(scan(net, structure, SPLIT, mode=Mode.WEIGHTS))


def test_sizes_count_units_or_weights():
    _, structure = opened("residual")
    assert sizes(structure, Mode.CHANNELS) == {"stem": 6, "conv1": 8}
    assert sizes(structure, Mode.WEIGHTS) == {"stem": 162, "conv1": 432, "conv2": 432, "fc": 24}
