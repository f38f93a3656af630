import math

import pytest

from prunekit.errors import WorkspaceError


def test_a_run_comes_back_equal(store, make_run, make_reading):
    run = make_run(
        1,
        readings=(make_reading(), make_reading(split="test", interval=None, correct=None, kl=math.inf, per_class=())),
        label="half the stem – 50 %",
        weights="000000000001.safetensors",
    )
    store.add_run(run)
    assert store.run(run.id) == run
    assert store.run(run.id).recipe.digest == run.recipe.digest
    assert isinstance(store.run(run.id).readings[0].per_class, tuple)


def test_runs_come_in_the_order_they_were_stored_and_by_task(store, make_run):
    first, second = make_run(2, created=9.0), make_run(1, created=1.0)
    other = make_run(3, task="vgg")
    for run in (first, second, other):
        store.add_run(run)
    assert store.runs("resnet8") == (first, second)
    assert store.runs("vgg") == (other,)
    assert store.runs("vit") == ()


def test_children(store, make_run):
    root = make_run(1)
    left, right = make_run(2, root), make_run(3, root)
    for run in (root, left, right):
        store.add_run(run)
    assert store.children(root.id) == (left, right)
    assert store.children(left.id) == ()


def test_one_reading_for_each_split_the_newest(store, make_run, make_reading):
    run = make_run(1, readings=(make_reading(),))
    store.add_run(run)
    test = make_reading(split="test")
    store.add_reading(run.id, test)
    better = make_reading(n=1000)
    store.add_reading(run.id, better)
    assert store.run(run.id).readings == (better, test)


def test_rename(store, make_run):
    run = make_run(1)
    store.add_run(run)
    store.rename(run.id, "small")
    assert store.run(run.id).label == "small"


def test_a_taken_id_is_refused_and_the_first_run_stays(store, make_run):
    store.add_run(make_run(1, label="first"))
    with pytest.raises(WorkspaceError, match="Run '000000000001' is already stored"):
        store.add_run(make_run(1, label="second"))
    assert store.run(make_run(1).id).label == "first"


def test_unknown_runs_are_named_with_close_matches(store, make_run, make_reading):
    store.add_run(make_run(0xABCDEF))
    calls = (
        lambda: store.run("000000abcdee"),
        lambda: store.rename("000000abcdee", "x"),
        lambda: store.add_reading("000000abcdee", make_reading()),
        lambda: store.children("000000abcdee"),
        lambda: store.set_head("resnet8", "000000abcdee"),
        lambda: store.add_run(make_run(2, parent=make_run(0xABCDEE))),
    )
    for call in calls:
        with pytest.raises(WorkspaceError, match="Unknown run '000000abcdee'; did you mean 000000abcdef?"):
            call()
    assert store.runs("resnet8") == (make_run(0xABCDEF),)


def test_a_run_cannot_continue_another_tasks(store, make_run):
    parent = make_run(1)
    store.add_run(parent)
    with pytest.raises(WorkspaceError, match="A run of task 'vgg' cannot continue run '000000000001' of 'resnet8'."):
        store.add_run(make_run(2, parent, task="vgg"))


def test_weights_lie_in_the_workspace_under_the_runs_id(store):
    assert store.weights_path("00ff").relative_to(store.path).as_posix() == "weights/00ff.safetensors"
    for bad in ("", "../other", "a/b", ".."):
        with pytest.raises(WorkspaceError, match="A run's id is letters and digits"):
            store.weights_path(bad)
    assert not store.path.exists()
