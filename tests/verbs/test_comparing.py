import json
from dataclasses import replace

import pytest
import torch

from prunekit import verbs
from prunekit.errors import RecipeError, WorkspaceError
from prunekit.recipe import Recipe
from prunekit.records import Change
from prunekit.subject.subject import resolve
from prunekit.verbs.comparing import differences
from tests.untouched import untouched


def commit(opened, **changes):
    recipe = verbs.check(opened, Recipe(**changes))
    reading = verbs.last(verbs.evaluate(opened, recipe)).reading
    return verbs.commit(opened, recipe, verbs.cost(opened, recipe), reading, None)


def compare(opened, a, b):
    return verbs.last(verbs.compare(opened, a, b))


def test_differences_name_bars_first_then_hands_and_settings():
    a = Recipe(channels={"stem": 0.5, "conv1": 0.25}, keep={"stem": (1, 2)}, criterion="l1")
    b = Recipe(channels={"stem": 0.5, "conv1": 0.5}, weights={"fc": 0.1}, seed=3)
    assert differences(a, b) == (
        Change("channels", "conv1", 0.25, 0.5),
        Change("weights", "fc", 0.0, 0.1),
        Change("keep", "stem", [1, 2], None),
        Change("criterion", "", "l1", "l2"),
        Change("seed", "", 0, 3),
    )
    assert differences(a, a) == ()
    assert {(c.key, c.name, c.b, c.a) for c in differences(b, a) if c.key != "keep"} == {
        (c.key, c.name, c.a, c.b) for c in differences(a, b) if c.key != "keep"
    }


def test_flips_and_readings_are_those_of_the_networks(opened):
    run = commit(opened, channels={"stem": 0.5}, weights={"fc": 0.9})
    with untouched(opened.task.model):
        found = compare(opened, None, run.id)
    split = opened.task.data.validation
    with torch.no_grad():
        dense = opened.task.model(split.inputs).argmax(1)
        cut = resolve(opened, run.recipe).pruned.model(split.inputs).argmax(1)
    assert found.flips
    assert [flip.index for flip in found.flips] == [i for i in range(60) if dense[i] != cut[i]]
    for flip in found.flips:
        assert (flip.target, flip.a, flip.b) == (split.targets[flip.index], dense[flip.index], cut[flip.index])
    first, second = (evaluation.reading for evaluation in found.evaluations)
    assert second.correct - first.correct == found.fixed - found.broken
    assert (second.correct, first.n) == (run.readings[0].correct, 60)
    assert [evaluation.cost for evaluation in found.evaluations] == [opened.structure.cost({}), run.cost]
    assert len(first.per_class) == len(found.classes) == 4


def test_a_run_beside_itself_differs_in_nothing_and_swapped_sides_swap(opened):
    a, b = commit(opened, channels={"stem": 0.5}), commit(opened, weights={"conv1": 0.9}, criterion="l1")
    same = compare(opened, a.id, a.id)
    assert (same.changes, same.flips) == ((), ())
    there, back = compare(opened, a.id, b.id), compare(opened, b.id, a.id)
    assert [(f.index, f.a, f.b) for f in there.flips] == [(f.index, f.b, f.a) for f in back.flips]
    assert (there.fixed, there.broken) == (back.broken, back.fixed)
    assert there.evaluations == back.evaluations[::-1]
    told = json.loads(json.dumps(there.to_json()))
    assert [change["key"] for change in told["changes"]] == ["channels", "weights", "criterion"]
    assert told["evaluations"][0]["correct"] == there.evaluations[0].reading.correct


def test_a_recovered_run_is_compared_with_its_own_weights(opened):
    cut = commit(opened, channels={"stem": 0.5})
    recovered = verbs.last(verbs.recover(opened, cut.recipe, epochs=1, parent=cut.id))
    found = compare(opened, cut.id, recovered.id)
    assert found.evaluations[1].reading.correct == recovered.readings[0].correct
    assert found.changes == (Change("base", "", None, recovered.id),)


def test_runs_that_cannot_be_compared_are_one_sentence(opened):
    run = commit(opened, channels={"stem": 0.5})
    with pytest.raises(WorkspaceError, match=f"Unknown run '{run.id[:-1]}'; did you mean {run.id}"):
        compare(opened, run.id[:-1], None)
    with pytest.raises(RecipeError, match="made from other weights of 'tiny'"):
        compare(replace(opened, digest="other"), None, run.id)


def test_the_gain_holds_what_was_measured_and_changes_sign_with_the_sides(opened):
    run = commit(opened, channels={"stem": 0.5}, weights={"fc": 0.9})
    there, back = compare(opened, None, run.id), compare(opened, run.id, None)
    low, high = there.gain
    assert low <= (there.fixed - there.broken) / 60 <= high
    assert back.gain == pytest.approx((-high, -low))


def test_flips_can_be_looked_at(opened):
    assert [found.index for found in verbs.thumbnails(opened, [7, 3])] == [7, 3]
