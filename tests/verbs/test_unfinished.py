import shutil
from dataclasses import replace

import pytest

from prunekit import verbs
from prunekit.objectives import own_metric
from prunekit.pattern import Pattern
from prunekit.recipe import Recipe
from prunekit.records import Epoch, Run
from prunekit.recover.schedule import Schedule
from prunekit.recover.stored import state_bytes
from prunekit.store import Workspace
from prunekit.subject.base import base_of
from prunekit.verbs.unfinished import Recovery, reached, read_state, write_state

SCHEDULE = Schedule(epochs=1, batch=128)


def rounds(recipe, number, start):
    recovery = Recovery(recipe, SCHEDULE, number, None, start)
    return [replace(recovery, done=("run",) * done).under_way for done in range(number)]


@pytest.mark.parametrize(
    ("before", "asked", "on_the_way"),
    [
        (0.0, 0.875, [0.5, 0.75]),  # ½, ¼, ⅛ are left
        (0.2, 0.9, [0.6, 0.8]),  # 0.8, 0.4, 0.2, 0.1
        (0.5, 0.5, [0.5, 0.5]),
        (0.5, 0.25, [0.25, 0.25]),  # what is gone already needs no rounds
        (1.0, 1.0, [1.0, 1.0]),
        (Pattern("2:4"), 0.9375, [0.75, 0.875]),
    ],
)
def test_every_round_keeps_the_same_share_of_what_the_one_before_kept(before, asked, on_the_way):
    found = rounds(Recipe(weights={"conv": asked}), 3, Recipe(weights={"conv": before}))
    assert [recipe.weights["conv"] for recipe in found] == pytest.approx([*on_the_way, asked])


def test_channels_and_weights_go_on_from_where_they_are_each():
    start = Recipe(channels={"a": 0.5}, weights={"b": 0.75})
    first, last = rounds(Recipe(base="old", channels={"a": 0.875, "b": 0.75}, weights={"b": 0.9375}), 2, start)
    assert first == Recipe(base="old", channels={"a": 0.75, "b": 0.5}, weights={"b": 0.875})
    assert last == Recipe(base="run", channels={"a": 0.875, "b": 0.75}, weights={"b": 0.9375})


def test_a_pattern_is_asked_for_in_every_round():
    asked = Recipe(weights={"conv": Pattern("2:4")})
    assert rounds(asked, 2, Recipe(weights={"conv": 0.25})) == [asked, replace(asked, base="run")]


def test_rounds_from_a_recovered_run_never_bring_a_weight_back(opened):
    *_, base = verbs.recover(opened, Recipe(weights={"conv2": 0.5}), schedule=SCHEDULE)
    asked = verbs.check(opened, Recipe(base=base.id, weights={"conv2": 0.875}))
    runs = [
        base,
        *(record for record in verbs.recover_in_rounds(opened, asked, 2, SCHEDULE) if isinstance(record, Run)),
    ]
    assert [run.recipe.weights["conv2"] for run in runs] == [0.5, 0.75, 0.875]
    size = opened.task.model.conv2.weight.numel()
    weights = [base_of(opened, run.id).model.conv2.weight for run in runs]
    assert [int((weight != 0).sum()) for weight in weights] == [size // 2, size // 4, size // 8]


def fewer(task):
    return replace(task, data=replace(task.data, train=lambda epoch: task.data.train(epoch).head(64)))


def judged_by(name, higher_is_better):
    metric = own_metric(name, lambda network, split: 0.5, higher_is_better)
    return lambda task: replace(task, own_metric=metric)


@pytest.mark.parametrize("change", [fewer, judged_by("sureness", True), judged_by("accuracy", False)])
def test_a_killed_recovery_is_not_gone_on_with_on_other_samples_or_by_another_metric(opened, change, tmp_path):
    schedule, recipe = replace(SCHEDULE, epochs=2), verbs.check(opened, Recipe(channels={"conv1": 0.5}))
    records = verbs.recover_in_rounds(opened, recipe, 1, schedule)
    assert next(records).reading
    shutil.copytree(opened.workspace.path, tmp_path / "killed")  # as a process that is killed now leaves it
    records.close()
    opened = replace(opened, workspace=Workspace(tmp_path / "killed"))
    other = replace(opened, task=change(opened.task))
    assert verbs.unfinished(other) == ()
    *anew, _ = verbs.recover_in_rounds(other, recipe, 1, schedule)
    assert [record.epoch for record in anew] == [1.0, 2.0]
    (left,) = verbs.unfinished(opened)
    *rest, _ = verbs.recover_in_rounds(opened, left.recipe, left.rounds, left.schedule)
    assert [record.epoch for record in rest] == [2.0]


def until(records, number, epoch):
    """Take records until an epoch of a round has been measured, and return those of that round."""
    taken = []
    for record in records:
        if isinstance(record, Epoch) and record.round == number:
            taken.append(record)
            if record.reading and record.epoch == epoch:
                return taken
    raise AssertionError("it ended before")


def test_what_was_recorded_before_a_kill_is_known_after_it_and_after_another(opened, tmp_path):
    schedule, recipe = Schedule(epochs=3, batch=8), verbs.check(opened, Recipe(channels={"conv1": 0.5}))
    how = recipe, 2, schedule
    assert verbs.earlier_epochs(opened, *how) == ()
    first = verbs.recover_in_rounds(opened, *how)
    trained = until(first, 2, 1.0)
    assert len(trained) == 2  # 16 steps of 8 samples: a loss after ten of them, and a reading after all
    next(first)  # what comes after the last epoch that is stored is trained, and told, again
    shutil.copytree(opened.workspace.path, tmp_path / "killed")
    once = replace(opened, workspace=Workspace(tmp_path / "killed"))
    assert verbs.earlier_epochs(once, *how) == tuple(trained)
    second = verbs.recover_in_rounds(once, *how)
    trained += until(second, 2, 2.0)
    shutil.copytree(once.workspace.path, tmp_path / "killed again")
    twice = replace(opened, workspace=Workspace(tmp_path / "killed again"))
    assert verbs.earlier_epochs(twice, *how) == tuple(trained)
    assert [epoch.epoch for epoch in trained] == [10 / 16, 1.0, 1 + 10 / 16, 2.0]
    for _ in verbs.recover_in_rounds(twice, *how):
        pass
    assert verbs.earlier_epochs(twice, *how) == ()
    first.close()
    second.close()


def test_records_that_cannot_be_read_are_no_records(opened):
    recipe = verbs.check(opened, Recipe(channels={"conv1": 0.5}))
    path = reached(opened, recipe, SCHEDULE)
    for records in ([{"step": 1}], [{"reading": "nonsense"}], 7, None):
        write_state(opened, path, {"epoch": 1}, ())
        path.write_bytes(state_bytes({**read_state(path), "records": records}))
        assert verbs.earlier_epochs(opened, recipe, 1, SCHEDULE) == ()


def test_the_rounds_that_are_announced_are_the_first_and_the_last(opened, monkeypatch):
    def seconds(_, recipe, schedule):
        return 100 * recipe.channels["conv1"]

    monkeypatch.setattr("prunekit.verbs.rounds._training_seconds", seconds)
    recipe = Recipe(channels={"conv1": 0.75})
    assert list(verbs.recovery_seconds(opened, recipe, SCHEDULE, 2)) == [2 * (50 + 75) / 2]
    assert list(verbs.recovery_seconds(opened, recipe, SCHEDULE)) == [75]
