"""What an open task is called by everything that is remembered of it."""

from dataclasses import replace

import pytest
import torch

from prunekit import verbs
from prunekit.objectives import own_metric
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.store import ScanKey
from prunekit.subject.opening import opened_of
from prunekit.tasks.task import Split


def test_what_histories_and_scans_of_bundled_tasks_go_by_stays_what_it_was(workspace):
    """So that what people measured under an earlier version is still theirs."""
    opened = verbs.open_task("resnet8", workspace)
    assert (opened.digest, opened.data_digest) == ("ad03313d23841d70", "f6f909747d71a226")
    scan = ScanKey(opened.digest, opened.data_digest, "l2", Mode.CHANNELS, None, "4", None)
    assert scan.digest == "939ee8a48096c523"


def right(model, data):
    return float((model(data.inputs).argmax(1) == data.targets).double().mean())


def wrong(model, data):
    return 1 - float((model(data.inputs).argmax(1) == data.targets).double().mean())


def other_labels(task):
    validation = task.data.validation
    flipped = Split(validation.inputs, (validation.targets + 1) % len(task.data.classes))
    return replace(task, data=replace(task.data, validation=flipped))


CHANGES = {
    "name": lambda task: replace(task, name="another"),
    "labels": other_labels,
    "train": lambda task: replace(task, data=replace(task.data, train=None)),
    "metric": lambda task: replace(task, metric="top-2"),
    "own": lambda task: replace(task, metric="right", own_metric=own_metric("right", right)),
    "edited": lambda task: replace(task, metric="right", own_metric=own_metric("right", wrong)),
    "turned": lambda task: replace(task, metric="right", own_metric=own_metric("right", right, False)),
}


def test_equal_weights_on_other_data_or_by_another_metric_are_another_task(opened):
    keys = {name: replace(opened, task=change(opened.task)).key for name, change in CHANGES.items()}
    assert len({opened.key, *keys.values()}) == len(CHANGES) + 1
    assert len({key.digest for key in (opened.key, *keys.values())}) == len(CHANGES) + 1
    assert {key.model for key in keys.values()} == {opened.digest}


def test_other_weights_on_the_same_data_are_another_task(opened):
    again = opened_of(opened.task, opened.workspace.path)
    assert again.key == opened.key
    with torch.no_grad():
        next(again.task.model.parameters()).add_(1)
    trained = opened_of(again.task, opened.workspace.path)
    assert trained.key.data == opened.key.data
    assert trained.key != opened.key


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_history_of_one_is_not_the_others(opened, change):
    run = verbs.commit(opened, Recipe(), opened.structure.cost({}), None, None)
    other = replace(opened, task=change(opened.task))
    assert verbs.history(opened) == (run,)
    assert verbs.history(other) == ()
    assert other.workspace.head(other.key) is None
    assert opened.workspace.head(opened.key) == run
