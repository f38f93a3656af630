import copy
from dataclasses import replace
from functools import cache
from itertools import islice

import numpy as np
import pytest

from prunekit.cut.pruned import prune
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.measure.evaluate import evaluate, logits
from prunekit.program.outputs import finish
from prunekit.program.program import BACKENDS
from prunekit.recipe import Recipe
from prunekit.records import Mode, Status
from prunekit.recover.recalibrate import recalibrate
from prunekit.search.bench import bench
from prunekit.search.exact import picture
from prunekit.search.question import Question
from prunekit.search.scan import scan as steps
from prunekit.search.scan import sizes, spread
from tests import nets, samples
from tests.program import trap_nets
from tests.untouched import Raising, untouched

SPLIT = samples.split(240)


def scan(net, structure, split, known=(), **asked):
    found = steps(Question(net, structure, split.head(200), **asked), known=known)
    return (point for point in found if point is not None)


def alike(reading, expected):
    """The same counts and, up to rounding, the same losses."""
    close = replace(reading, loss=expected.loss, kl=expected.kl)
    assert close == replace(expected, recipe=reading.recipe, backend=reading.backend)
    assert reading.backend in BACKENDS
    assert (reading.loss, reading.kl) == pytest.approx((expected.loss, expected.kl), abs=1e-5)


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
    assert (point.kind, point.name, point.reading.recipe) == (Mode.CHANNELS, "conv2", recipe.digest)
    alike(point.reading, expected)
    assert expected.n == 200


def test_with_train_samples_batchnorm_is_recalibrated_first():
    net, structure = opened("plain")
    train = samples.split(250, seed=5)
    for mode in Mode:
        for point in scan(net, structure, SPLIT, mode=mode, levels=[0.3, 0.5], train=train):
            recipe = Recipe(**{mode.value: {point.name: point.level}})
            smaller = recalibrate(prune(net, structure, recipe).model, train)
            head = SPLIT.head(200)
            *_, expected = evaluate(smaller, head, dense_logits=logits(net, head), recalibrated=True)
            alike(point.reading, expected)
            assert point.reading.recipe == recipe.digest


def test_where_no_plan_runs_recalibration_sees_the_whole_network():
    net = trap_nets.make(trap_nets.WrittenView)
    structure = structure_of(net, nets.example("plain"))
    train = samples.split(250, seed=5)
    for mode in Mode:
        for point in scan(net, structure, SPLIT, mode=mode, levels=[0.5], train=train):
            recipe = Recipe(**{mode.value: {point.name: point.level}})
            smaller = recalibrate(prune(net, structure, recipe).model, train)
            head = SPLIT.head(200)
            *_, expected = evaluate(smaller, head, dense_logits=logits(net, head), recalibrated=True)
            alike(point.reading, expected)


def test_layers_are_scanned_with_the_classifier():
    net, structure = opened("plain")
    points = list(scan(net, structure, SPLIT, mode=Mode.WEIGHTS, levels=[0.5]))
    assert [(point.kind, point.name) for point in points] == [
        (Mode.WEIGHTS, name) for name in ("conv1", "conv2", "fc1", "fc2")
    ]
    recipe = Recipe(weights={"fc1": 0.5}, recalibrate=False)
    *_, expected = evaluate(prune(net, structure, recipe).model, SPLIT.head(200))
    assert points[2].reading.loss == pytest.approx(expected.loss, abs=1e-5)
    assert points[2].reading.recipe == recipe.digest


def test_known_cells_are_skipped_and_few_units_measured_once():
    net, structure = opened("residual")
    every = list(scan(net, structure, SPLIT, levels=[0.4, 0.5, 0.6]))
    known = [point for point in every if (point.name, point.level) in {("stem", 0.5), ("conv1", 0.4)}]
    points = list(scan(net, structure, SPLIT, levels=[0.4, 0.5, 0.6], known=known))
    assert points == [point for point in every if point not in known]
    # of 6 units, sparsity 0.4 and 0.5 both keep 3
    stem = {point.level: point.reading for point in every if point.name == "stem"}
    assert stem[0.4].loss == stem[0.5].loss
    assert stem[0.4].recipe != stem[0.5].recipe


@pytest.mark.parametrize("mode", Mode)
def test_little_memory_changes_the_order_and_nothing_else(mode):
    net, structure = opened("residual")
    usual = list(scan(net, structure, SPLIT, mode=mode, levels=[0.3, 0.6]))
    frugal = list(scan(net, structure, SPLIT, mode=mode, levels=[0.3, 0.6], memory=1))
    assert [point.name for point in frugal] == [name for name in sizes(structure, mode) for _ in range(2)]
    for point in frugal:
        (same,) = [other for other in usual if (other.name, other.level) == (point.name, point.level)]
        alike(point.reading, same.reading)


@pytest.mark.parametrize("mode", Mode)
def test_a_picture_is_every_cell_on_a_few_samples(mode):
    net, structure = opened("residual")
    asked = finish(bench(Question(net, structure, SPLIT, mode=mode, levels=[0.5])))
    for point in picture(asked):
        *_, expected = evaluate(
            prune(net, structure, Recipe(**{mode.value: {point.name: 0.5}})).model,
            SPLIT.head(16),
            dense_logits=logits(net, SPLIT.head(16)),
        )
        assert (point.reading.n, point.reading.status, point.reading.interval) == (16, Status.ESTIMATED, None)
        assert point.reading.kl == pytest.approx(expected.kl, abs=1e-5)
    first = next(picture(asked))
    assert first not in list(picture(asked, known=[first]))


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


@pytest.mark.parametrize("mode", Mode)
def test_scores_that_come_with_a_question_decide_whatever_their_criterion_is_called(mode):
    net, structure = opened("residual")
    backwards = {name: np.arange(size, 0, -1.0) for name, size in sizes(structure, mode).items()}
    base = Recipe(criterion="known to nobody")
    scores = {name: values.reshape(_shape(structure, name, mode)) for name, values in backwards.items()}
    points = list(scan(net, structure, SPLIT, mode=mode, levels=[0.5], base=base, scores=scores))
    head = SPLIT.head(200)
    for point in points:
        if mode is Mode.CHANNELS:
            size = len(backwards[point.name])
            first = Recipe(channels={point.name: 0.5}, keep={point.name: tuple(range(size - size // 2))})
            smaller = prune(net, structure, replace(first, recalibrate=False)).model
        else:
            smaller = copy.deepcopy(net)
            weight = smaller.get_parameter(structure.layer(point.name).weight).data
            weight.view(-1)[-(weight.numel() // 2) :] = 0
        *_, expected = evaluate(smaller, head, dense_logits=logits(net, head))
        assert (point.reading.loss, point.reading.correct) == (pytest.approx(expected.loss, abs=1e-5), expected.correct)


def _shape(structure, name, mode):
    return (-1,) if mode is Mode.CHANNELS else structure.layer(name).shape


def test_an_unknown_criterion_without_scores_is_refused():
    net, structure = opened("residual")
    with pytest.raises(RecipeError, match="Unknown criterion 'tailor'; did you mean taylor?"):
        next(scan(net, structure, SPLIT, base=Recipe(criterion="tailor")))
