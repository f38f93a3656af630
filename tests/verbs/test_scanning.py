from dataclasses import replace
from itertools import islice

from prunekit import verbs
from prunekit.records import Mode, Status
from tests.verbs.conftest import split

CELLS = 2 * 9  # prunable groups × levels


def points(steps):
    return [point for point in steps if point is not None]


def test_a_first_picture_is_stored_apart_and_never_drawn_twice(opened):
    begun = list(islice(filter(None, verbs.scan_steps(opened, first_picture=True)), CELLS))
    assert {point.reading.status for point in begun} == {Status.ESTIMATED}
    assert {point.reading.interval for point in begun} == {None}
    assert verbs.stored_points(opened) == ()
    assert set(verbs.stored_points(opened, pictures=True)) == set(begun)
    rest = points(verbs.scan_steps(opened, first_picture=True))
    assert len(rest) == CELLS
    assert {point.reading.status for point in rest} == {Status.MEASURED}
    assert set(verbs.stored_points(opened, pictures=True)) == set(rest)


def test_what_is_exact_is_precise_enough_for_any_scan(opened):
    exact = list(verbs.scan(opened))
    assert list(verbs.scan(opened, half_width=0.01)) == exact


def test_what_was_measured_to_a_precision_is_not_taken_for_exact(opened):
    near = list(verbs.scan(opened, half_width=0.2))
    assert set(verbs.stored_points(opened, half_width=0.2)) == set(near)
    assert verbs.stored_points(opened) == ()
    assert {point.reading.n for point in verbs.scan(opened)} == {60}
    assert {point.reading.status for point in verbs.stored_points(opened, half_width=0.2)} == {Status.MEASURED}


def test_a_long_cell_is_divided_into_steps(opened, monkeypatch):
    monkeypatch.setattr("prunekit.search.probe.CHUNK", 20)
    steps = list(verbs.scan_steps(opened, Mode.WEIGHTS, levels=(0.5,)))
    # 60 samples are three stretches for each of 4 layers, of which the last ends with the point; a calibration is more
    ends = [index for index, step in enumerate(steps) if step is not None]
    assert len(ends) == 4
    assert all(end - before >= 3 for before, end in zip([-1, *ends], ends, strict=False))


def test_points_calibrated_on_other_samples_are_not_taken_for_these(opened):
    list(verbs.scan(opened, levels=(0.5,)))
    assert len(verbs.stored_points(opened)) == 2
    data = replace(opened.task.data, train=lambda epoch: split(128, 99))
    other = replace(opened, task=replace(opened.task, data=data))
    assert other.digest == opened.digest
    assert verbs.stored_points(other) == ()


def test_points_of_one_metric_are_not_taken_for_those_of_another(opened):
    list(verbs.scan(opened, levels=(0.5,)))
    other = replace(opened, task=replace(opened.task, metric="top-2"))
    assert other.digest == opened.digest
    assert verbs.stored_points(other) == ()
    assert {point.reading.metric for point in verbs.scan(other, levels=(0.5,))} == {"top-2"}
