from dataclasses import replace

import pytest

from prunekit import verbs
from prunekit.errors import RecipeError
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Kind, Point
from prunekit.search.mixed import mixed


def test_every_inner_layer_is_measured_once_and_stored(opened, monkeypatch):
    points = list(verbs.scan_bits(opened, levels=(4, 1)))
    assert [(point.name, point.level) for point in points] == [
        ("conv1", 4.0),
        ("conv2", 4.0),
        ("conv1", 1.0),
        ("conv2", 1.0),
    ]
    assert {point.kind for point in points} == {Kind.BITS}
    alone = verbs.last(verbs.evaluate(opened, Recipe(bits={"conv2": 1}))).reading
    assert points[-1].reading == replace(alone, value_raw=None)
    monkeypatch.setattr("prunekit.verbs.bits.evaluate_steps", None)
    assert list(verbs.scan_bits(opened, levels=(4, 1))) == points


def test_a_mixed_plan_meets_its_budget_and_blames_no_layer_for_the_cut(opened, monkeypatch):
    harms = {}
    monkeypatch.setattr("prunekit.verbs.bits.mixed", lambda curves, *to: harms.update(curves) or mixed(curves, *to))
    dense = opened.structure.cost({}).bytes
    *steps, best = verbs.plan_bits(opened, 0.45, Recipe(channels={"conv1": 0.25}))
    candidates = [step for step in steps if isinstance(step, Candidate)]
    assert [candidate.name for candidate in candidates][-1] == "mixed"
    assert all(candidate.cost.bytes <= 0.45 * dense for candidate in candidates)
    assert best in candidates
    assert best.recipe.channels == {"conv1": 0.25}
    again = verbs.last(verbs.evaluate(opened, best.recipe)).reading
    assert again.correct == best.reading.correct
    cut = verbs.last(verbs.evaluate(opened, Recipe(channels={"conv1": 0.25}))).reading
    assert cut.kl > 0
    assert all(abs(curve[16]) < cut.kl / 10 for curve in harms.values())


def test_a_pinned_layer_keeps_its_bits_and_is_not_measured(opened):
    dense = opened.structure.cost({}).bytes
    records = list(verbs.plan_bits(opened, 0.8, Recipe(bits={"conv1": 4, "conv2": 4}), pinned=["conv2"]))
    assert {record.name for record in records if isinstance(record, Point)} == {"conv1"}
    candidates = [record for record in records if isinstance(record, Candidate)]
    assert {candidate.recipe.bits["conv2"] for candidate in candidates} == {4}
    assert all(candidate.cost.bytes <= 0.8 * dense for candidate in candidates)
    *_, best = verbs.plan_bits(opened, 0.8, pinned=["conv2"])
    assert list(best.recipe.bits) == ["conv1"]
    with pytest.raises(RecipeError, match="'conv9'"):
        next(verbs.plan_bits(opened, 0.8, pinned=["conv9"]))
