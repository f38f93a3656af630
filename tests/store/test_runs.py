import math
from dataclasses import replace

import pytest

from prunekit.errors import WorkspaceError
from prunekit.records import Training
from tests.store.conftest import RESNET8


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


def test_hyperparameters_come_back_equal_and_as_json(store, make_run):
    training = Training(5, 32, 0.016, "sgd", 0.3, 4.0, True, 7, round=2, rounds=3)
    store.add_run(make_run(1, training=training))
    store.add_run(make_run(2))
    first, second = store.runs("resnet8")
    assert (first.training, second.training) == (training, None)
    assert first.to_json()["training"]["lr"] == 0.016
    assert second.to_json()["training"] is None


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


def test_what_a_person_notes_of_a_run_is_kept(store, make_run):
    run = make_run(1, note="as found")
    store.add_run(run)
    assert store.run(run.id).note == "as found"
    store.annotate(run.id, "two\nlines – 50 %")
    assert store.run(run.id) == replace(run, note="two\nlines – 50 %")
    with pytest.raises(WorkspaceError, match="Unknown run"):
        store.annotate("000000abcdee", "x")


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
        lambda: store.star("000000abcdee"),
        lambda: store.delete("000000abcdee"),
        lambda: store.add_reading("000000abcdee", make_reading()),
        lambda: store.children("000000abcdee"),
        lambda: store.set_head(RESNET8, "000000abcdee"),
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


def test_a_star_comes_and_goes(store, make_run):
    store.add_run(make_run(1))
    store.add_run(make_run(2, starred=True))
    store.star(make_run(1).id)
    assert [run.starred for run in store.runs("resnet8")] == [True, True]
    store.star(make_run(1).id, False)
    assert [run.starred for run in store.runs("resnet8")] == [False, True]


def test_a_deleted_runs_children_continue_its_parent(store, make_run, make_reading):
    root = make_run(1)
    middle = make_run(2, root, readings=(make_reading(),))
    left, right = make_run(3, middle), make_run(4, middle)
    for run in (root, middle, left, right):
        store.add_run(run)
    store.delete(middle.id)
    assert store.children(root.id) == (replace(left, parent=root.id), replace(right, parent=root.id))
    store.delete(root.id)
    assert [run.parent for run in store.runs("resnet8")] == [None, None]
    store.add_run(replace(middle, parent=None, readings=()))
    assert store.run(middle.id).readings == ()  # the old ones went with it


def test_a_deleted_runs_weights_go_with_it(store, make_run):
    kept, gone = (make_run(n, weights=f"{n:012x}.safetensors") for n in (1, 2))
    for run in (kept, gone):
        store.add_run(run)
        store.weights_path(run.id).parent.mkdir(exist_ok=True)
        store.weights_path(run.id).write_bytes(b"weights")
    store.delete(gone.id)
    assert store.weights_path(kept.id).exists()
    assert not store.weights_path(gone.id).exists()


def test_a_run_whose_weights_others_start_from_stays(store, make_run):
    base = make_run(1, weights="000000000001.safetensors")
    child = make_run(2, base)
    child = replace(child, recipe=replace(child.recipe, base=base.id))
    for run in (base, child):
        store.add_run(run)
    store.set_head(RESNET8, base.id)
    with pytest.raises(WorkspaceError, match="its weights are the base of 000000000002; delete those first"):
        store.delete(base.id)
    assert store.runs("resnet8") == (base, child)
    assert store.head(RESNET8) == base
    store.delete(child.id)
    store.delete(base.id)
    assert store.runs("resnet8") == ()


def test_latencies_belong_to_every_run_of_the_recipe_whichever_came_first(store, make_run, make_latency):
    early, other = make_run(1), make_run(2)
    late = replace(make_run(3), recipe=early.recipe)
    store.add_run(early)
    slow, quick = make_latency(early.recipe.digest, batch=8), make_latency(early.recipe.digest)
    few = make_latency(early.recipe.digest, runtime="int8")
    for latency in (few, slow, make_latency(early.recipe.digest, rounds=6), quick):
        store.add_latency("feed", latency)
    store.add_latency("another model", make_latency(other.recipe.digest))
    for run in (other, late):
        store.add_run(run)
    assert [run.latencies for run in store.runs("resnet8")] == [(quick, slow, few), (), (quick, slow, few)]
    assert store.latencies("feed", early.recipe.digest) == (quick, slow, few)
    assert store.latencies("feed", "unknown") == ()
    timed = make_run(4, latencies=(make_latency(make_run(4).recipe.digest),))
    store.add_run(timed)
    assert store.run(timed.id) == timed
