"""Presses of the keys that undo and redo, as the browser tells them: each counts once, however often it is told."""

import threading

import pytest

from prunekit import verbs
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.store import Workspace
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Task
from prunekit.ui.equalizer.live import follow
from prunekit.ui.equalizer.sent import MOST, Presses, parse_presses
from prunekit.ui.state import moves, reading, restoring
from prunekit.ui.state.session import Session
from tests import samples
from tests.nets import make

LAYER = "conv1"


@pytest.fixture
def press(tmp_path, monkeypatch):
    """Press keys on a desk that four moves have led to, and return what is cut after it."""
    net = make("plain")
    task = Task("tiny", "Tiny", net, lambda: make("plain", 5), "tests.nets:Plain", samples.data())
    opened, parent = verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path / "ws")), None
    for sparsity in (0.125, 0.25, 0.375, 0.5):
        recipe = Recipe("tiny", channels={LAYER: sparsity})
        parent = verbs.commit(opened, recipe, verbs.cost(opened, recipe), None, parent).id
    now = Session("tiny", recipe=recipe)
    monkeypatch.setattr(moves, "session", lambda: now)

    def told(count, *names, hand="a"):
        presses = parse_presses({"command": {"hand": hand, "count": count, "names": list(names)}})
        follow(presses, now, lambda command: moves.command(opened, command))
        return now.recipe.channels.get(LAYER, 0)

    return told


def test_every_press_is_one_step_once(press):
    assert press(3, "undo", "undo", "undo") == 0.125
    assert press(3, "undo", "undo", "undo") == 0.125  # the same message, received again
    assert press(5, "undo", "undo", "undo", "redo", "redo") == 0.375  # sent before the first was answered
    assert press(4, "undo", "undo", "undo", "redo") == 0.375  # received late
    assert press(6, "undo") == 0.25
    assert press(2, "undo", "undo", hand="b") == 0  # a component that starts over
    assert press(5, "redo", "redo", "redo", hand="b") == 0.375


def test_more_presses_than_there_are_steps_end_where_the_steps_do(press):
    assert press(1, "redo") == 0.5
    assert press(10, *["undo"] * 9) == 0
    assert press(19, *["redo"] * 9) == 0.5


def test_a_press_that_a_newer_run_cut_short_is_followed_when_it_comes_again():
    now, done, presses = Session("tiny"), [], Presses("a", 3, ("undo", "undo", "redo"))

    def only_once(command):
        if len(done) == 1:
            raise InterruptedError
        done.append(command)

    with pytest.raises(InterruptedError):
        follow(presses, now, only_once)
    follow(presses, now, done.append)
    assert done == ["undo", "undo", "redo"]


def test_a_press_that_two_runs_bring_at_once_counts_once():
    now, done, presses = Session("tiny"), [], Presses("a", 2, ("undo", "undo"))
    begun, other = threading.Event(), threading.Thread(target=lambda: follow(presses, now, done.append))

    def slowly(command):
        if not begun.is_set():
            begun.set()
            other.start()
            other.join(0.2)  # it has to wait for this run; without that it would be done by now
        done.append(command)

    follow(presses, now, slowly)
    other.join()
    assert done == ["undo", "undo"]


@pytest.mark.parametrize(
    "command",
    [
        None,
        "undo",
        {"hand": "a", "count": 1, "names": ["reset"]},
        {"hand": "a", "count": float("inf"), "names": ["undo"]},
        {"hand": "a", "count": 1, "names": 7},
        {"hand": "a", "names": ["undo"]},
    ],
)
def test_what_is_no_press_is_none(command):
    assert parse_presses({"command": command}) is None


def test_a_message_is_followed_for_so_many_presses_at_most():
    presses = parse_presses({"command": {"hand": "a", "count": 10**9, "names": ["undo"] * 10**4}})
    assert len(presses.after("", 0)) == MOST


@pytest.mark.parametrize(
    ("commands", "keep", "drop"),
    [
        (["drop 3 conv1"], (), (3,)),
        (["drop 3 conv1", "keep 3 conv1"], (3,), ()),
        (["drop 3 conv1", "keep 5 conv1", "free 3 conv1"], (5,), ()),
        (["drop 99 conv1"], (), ()),  # there are not so many
        ([f"drop {unit} conv1" for unit in range(8)], (), tuple(range(7))),  # the last one stays
    ],
)
def test_a_press_keeps_drops_or_frees_one_channel(tmp_path, monkeypatch, commands, keep, drop):
    net = make("plain")
    task = Task("tiny", "Tiny", net, lambda: make("plain", 5), "tests.nets:Plain", samples.data())
    opened = verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path / "ws"))
    now = Session("tiny", recipe=Recipe("tiny"))
    for module in (moves, restoring, reading):
        monkeypatch.setattr(module, "session", lambda: now)
    presses = parse_presses({"command": {"hand": "a", "count": len(commands), "names": commands}})
    follow(presses, now, lambda command: moves.command(opened, command))
    assert (now.recipe.keep.get("conv1", ()), now.recipe.drop.get("conv1", ())) == (keep, drop)
