from dataclasses import replace
from functools import cache

import pytest

from prunekit.cut.pruned import prune
from prunekit.graph import structure_of
from prunekit.measure.evaluate import evaluate
from prunekit.program.outputs import finish
from prunekit.recipe import Recipe
from prunekit.records import Mode, Status
from prunekit.search.bench import bench
from prunekit.search.question import Question
from prunekit.search.within import within
from tests import nets, samples

SPLIT = samples.split(900)
HALF = 0.04


@cache
def asked(mode, memory=1 << 30):
    net = nets.make("plain")
    structure = structure_of(net, nets.example("plain"))
    return finish(bench(Question(net, structure, SPLIT, mode=mode, memory=memory)))


@cache
def table(mode):
    return tuple(point for point in within(asked(mode), HALF) if point is not None)


@pytest.mark.parametrize("mode", Mode)
def test_every_cell_says_what_it_is(mode):
    points = table(mode)
    question = asked(mode)
    assert len({(point.name, point.level) for point in points}) == len(points) == 9 * len(question.cells.sizes)
    dense = question.dense.value
    for point in points:
        reading = point.reading
        if reading.status is Status.INTERPOLATED:
            assert (reading.interval, reading.correct) == (None, None)
        elif reading.status is Status.ESTIMATED:
            low, high = reading.interval
            assert reading.n < 900
            assert (high - low) / 2 <= max(HALF, abs(dense - reading.value) / 10) + 1e-12
        else:
            assert (reading.n, reading.correct) == (900, round(reading.value * 900))
    assert {point.reading.status for point in points} >= {Status.ESTIMATED}


@pytest.mark.parametrize("mode", Mode)
def test_intervals_hold_the_value_on_all_samples(mode):
    net = nets.make("plain")
    structure = structure_of(net, nets.example("plain"))
    sampled = [point for point in table(mode) if point.reading.status is Status.ESTIMATED]
    held = 0
    for point in sampled:
        *_, full = evaluate(prune(net, structure, Recipe(**{mode.value: {point.name: point.level}})).model, SPLIT)
        low, high = point.reading.interval
        held += low <= full.value <= high
        assert abs(point.reading.value - full.value) < 3 * HALF
    assert held >= 0.8 * len(sampled)  # nominally 95 %; the benchmark counts over many seeds


def test_a_scan_interrupted_anywhere_ends_with_the_same_table():
    whole = table(Mode.CHANNELS)
    cells = {(point.name, point.level): point for point in whole}
    for stop in range(len(whole)):
        known = whole[:stop]
        rest = [point for point in within(asked(Mode.CHANNELS), HALF, known) if point is not None]
        assert len(rest) + stop == len(whole)
        assert {(point.name, point.level): point for point in (*known, *rest)} == cells


def test_little_memory_changes_nothing():
    frugal = {(p.name, p.level): p.reading for p in within(asked(Mode.WEIGHTS, 1), HALF) if p is not None}
    for point in table(Mode.WEIGHTS):
        found = frugal[point.name, point.level]
        assert replace(found, kl=0, loss=0) == replace(point.reading, kl=0, loss=0)
