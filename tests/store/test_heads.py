import pytest

from prunekit.errors import WorkspaceError
from prunekit.store import Workspace


@pytest.fixture
def line(store, make_run):
    """Three runs, each made from the one before, the last on the desk."""
    runs = [make_run(1)]
    runs += [make_run(2, runs[0])]
    runs += [make_run(3, runs[1])]
    for run in runs:
        store.add_run(run)
        store.set_head("resnet8", run.id)
    return runs


def test_undo_goes_up_to_the_tasks_own_network_and_redo_back_down(store, line):
    a, b, c = line
    assert store.head("resnet8") == c
    assert [store.undo("resnet8") for _ in range(4)] == [b, a, None, None]
    assert store.head("resnet8") is None
    assert [store.redo("resnet8") for _ in range(4)] == [a, b, c, None]
    assert store.head("resnet8") == c


def test_a_new_run_after_an_undo_forks_and_there_is_nothing_to_redo(store, line, make_run):
    a, b, c = line
    store.undo("resnet8")
    store.undo("resnet8")
    fork = make_run(4, a)
    store.add_run(fork)
    assert store.can_redo("resnet8")
    store.set_head("resnet8", fork.id)
    assert not store.can_redo("resnet8")
    assert store.redo("resnet8") is None
    assert store.head("resnet8") == fork
    assert store.children(a.id) == (b, fork)
    assert store.undo("resnet8") == a
    assert store.redo("resnet8") == fork
    assert store.run(c.id) == c


def test_putting_the_head_where_it_is_forgets_nothing(store, line):
    _, b, c = line
    store.undo("resnet8")
    store.set_head("resnet8", b.id)
    assert store.redo("resnet8") == c


def test_the_head_can_go_anywhere_and_back_to_the_tasks_own_network(store, line):
    a = line[0]
    store.set_head("resnet8", a.id)
    assert store.head("resnet8") == a
    store.set_head("resnet8", None)
    assert store.head("resnet8") is None
    assert not store.can_redo("resnet8")


def test_tasks_have_heads_of_their_own_that_outlive_the_session(store, line, make_run):
    other = make_run(9, task="vgg")
    store.add_run(other)
    store.set_head("vgg", other.id)
    store.undo("resnet8")
    reopened = Workspace(store.path)
    assert reopened.head("vgg") == other
    assert reopened.head("resnet8") == line[1]
    assert reopened.redo("resnet8") == line[2]


def test_a_head_of_another_task_is_refused(store, line):
    with pytest.raises(WorkspaceError, match="Run '000000000001' belongs to task 'resnet8', not to 'vgg'."):
        store.set_head("vgg", line[0].id)
