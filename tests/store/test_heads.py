import random
from dataclasses import replace

import pytest

from prunekit.errors import WorkspaceError
from prunekit.store import Workspace
from tests.store.conftest import RESNET8, VGG


@pytest.fixture
def line(store, make_run):
    """Three runs, each made from the one before, the last on the desk."""
    runs = [make_run(1)]
    runs += [make_run(2, runs[0])]
    runs += [make_run(3, runs[1])]
    for run in runs:
        store.add_run(run)
        store.set_head(RESNET8, run.id)
    return runs


def test_undo_goes_up_to_the_tasks_own_network_and_redo_back_down(store, line):
    a, b, c = line
    assert store.head(RESNET8) == c
    assert [store.undo(RESNET8) for _ in range(4)] == [b, a, None, None]
    assert store.head(RESNET8) is None
    assert [store.redo(RESNET8) for _ in range(4)] == [a, b, c, None]
    assert store.head(RESNET8) == c


def test_a_new_run_after_an_undo_forks_and_there_is_nothing_to_redo(store, line, make_run):
    a, b, c = line
    store.undo(RESNET8)
    store.undo(RESNET8)
    fork = make_run(4, a)
    store.add_run(fork)
    assert store.can_redo(RESNET8)
    store.set_head(RESNET8, fork.id)
    assert not store.can_redo(RESNET8)
    assert store.redo(RESNET8) is None
    assert store.head(RESNET8) == fork
    assert store.children(a.id) == (b, fork)
    assert store.undo(RESNET8) == a
    assert store.redo(RESNET8) == fork
    assert store.run(c.id) == c


def test_putting_the_head_where_it_is_forgets_nothing(store, line):
    _, b, c = line
    store.undo(RESNET8)
    store.set_head(RESNET8, b.id)
    assert store.redo(RESNET8) == c


def test_the_head_can_go_anywhere_and_back_to_the_tasks_own_network(store, line):
    a = line[0]
    store.set_head(RESNET8, a.id)
    assert store.head(RESNET8) == a
    store.set_head(RESNET8, None)
    assert store.head(RESNET8) is None
    assert not store.can_redo(RESNET8)


def test_tasks_have_heads_of_their_own_that_outlive_the_session(store, line, make_run):
    other = make_run(9, task="vgg")
    store.add_run(other)
    store.set_head(VGG, other.id)
    store.undo(RESNET8)
    reopened = Workspace(store.path)
    assert reopened.head(VGG) == other
    assert reopened.head(RESNET8) == line[1]
    assert reopened.redo(RESNET8) == line[2]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (VGG, "belongs to task 'resnet8'; open that task first."),
        (replace(RESNET8, model="f00d"), "was made from other weights of 'resnet8'; open those first."),
        (replace(RESNET8, data="f00d"), "measured on other data, or by another metric, of 'resnet8'; open those"),
    ],
)
def test_a_head_of_another_task_is_refused(store, line, key, says):
    with pytest.raises(WorkspaceError, match=f"Run 000000000001 .*{says}"):
        store.set_head(key, line[0].id)
    assert store.head(key) is None


def test_other_data_of_one_name_and_weights_have_a_head_of_their_own(store, line, make_run):
    labels = replace(RESNET8, data="f00d")
    other = make_run(9, data="f00d")
    store.add_run(other)
    assert (store.head(labels), store.undo(labels)) == (None, None)
    store.set_head(labels, other.id)
    assert (store.head(labels), store.head(RESNET8)) == (other, line[2])
    assert store.undo(labels) is None
    assert not store.can_redo(RESNET8)
    assert store.redo(labels) == other


def test_every_head_leaves_a_run_that_is_deleted(store, make_run):
    run = make_run(1, data=None)
    labels = replace(RESNET8, data="f00d")
    store.add_run(run)
    for key in (RESNET8, labels):
        store.set_head(key, run.id)
    store.undo(labels)
    store.delete(run.id)
    assert [store.head(key) for key in (RESNET8, labels)] == [None, None]
    assert not store.can_redo(labels)


def test_deleting_the_run_on_the_desk_puts_its_parent_there_and_redo_goes_past_it(store, line):
    a, b, c = line
    store.undo(RESNET8)
    store.delete(b.id)
    assert store.head(RESNET8) == a
    assert store.redo(RESNET8).id == c.id
    assert store.undo(RESNET8) == a
    store.delete(a.id)
    assert store.head(RESNET8) is None
    assert store.redo(RESNET8).id == c.id
    assert store.undo(RESNET8) is None


def test_a_deleted_run_is_not_returned_to(store, line):
    a, b, c = line
    for _ in range(3):
        store.undo(RESNET8)
    store.delete(b.id)
    assert [store.redo(RESNET8).id for _ in range(2)] == [a.id, c.id]
    assert not store.can_redo(RESNET8)


def test_deleting_a_run_elsewhere_moves_no_head(store, line, make_run):
    other = make_run(9, task="vgg")
    store.add_run(other)
    store.set_head(VGG, other.id)
    a, _, c = line
    store.delete(a.id)
    assert store.head(RESNET8) == c
    assert store.head(VGG) == other
    assert store.undo(RESNET8).parent is None


def test_whatever_is_done_the_tree_has_no_hole_and_undo_leads_to_its_root(store, make_run):
    draw = random.Random(0)
    for number in range(1, 120):
        runs = store.runs("resnet8")
        move = draw.choice(("commit", "commit", "delete", "undo", "redo", "jump"))
        if move == "commit":
            run = make_run(number, store.head(RESNET8))
            store.add_run(run)
            store.set_head(RESNET8, run.id)
        elif move == "undo":
            store.undo(RESNET8)
        elif move == "redo":
            store.redo(RESNET8)
        elif runs and move == "jump":
            store.set_head(RESNET8, draw.choice(runs).id)
        elif runs:
            store.delete(draw.choice(runs).id)
        ids = {run.id for run in store.runs("resnet8")}
        assert all(run.parent is None or run.parent in ids for run in store.runs("resnet8"))
        assert store.head(RESNET8) is None or store.head(RESNET8).id in ids
    steps = [store.undo(RESNET8) for _ in range(len(ids))]
    assert None in [*steps, store.head(RESNET8)]
    while store.can_redo(RESNET8):
        assert store.redo(RESNET8).id in ids
