import json

import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import prunekit
from prunekit import verbs
from prunekit.engine.shared import worker
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.ui.equalizer import live
from prunekit.ui.equalizer.line import routes
from prunekit.ui.state.reading import measure
from prunekit.ui.state.session import Session
from prunekit.ui.state.tabs import open_line
from tests.subject.test_exactness import Particular


@pytest.fixture(scope="module")
def client():
    with TestClient(Starlette(routes=routes())) as client:
        yield client


@pytest.fixture
def tab(workspace):
    opened = worker().call(lambda: verbs.open_task("resnet8", workspace))
    return opened, Session("resnet8", recipe=Recipe("resnet8"))


def state(opened, rev, values, phase="drag", mode=Mode.CHANNELS):
    return json.dumps(
        {
            "rev": rev,
            "phase": phase,
            "layout": live.layout(opened, mode, Recipe()),
            "focus": None,
            "values": values,
            "pinned": [],
        }
    )


def answers(socket, rev):
    """Everything that is said of one state, to its last word."""
    found = []
    while not found or not found[-1]["done"]:
        found.append(json.loads(socket.receive_text()))
        assert found[-1]["rev"] == rev
    return found


def test_a_state_is_answered_with_growing_readings_that_are_the_verbs(client, tab):
    opened, now = tab
    with client.websocket_connect(open_line(opened, now)) as socket:
        socket.send_text(state(opened, 1, {"conv1": 0.5}))
        found = answers(socket, 1)
    assert now.recipe == Recipe("resnet8", channels={"conv1": 0.5})
    sizes = [reply["n"] for reply in found]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1], found[-1]["exact"]) == (100, 1000, True)
    expected = verbs.last(verbs.evaluate(opened, now.recipe)).reading
    accuracy = next(tile for tile in found[-1]["tiles"] if tile["name"] == "accuracy")
    assert accuracy["detail"][0] == f"{expected.correct} of 1,000 validation samples"


def test_a_reading_of_another_network_is_withdrawn_with_its_reason(client, tmp_path):
    inputs = torch.randn(300, 6)
    task = prunekit.open(
        Particular(), validation=(inputs, torch.arange(300) % 3), workspace=tmp_path, name="particular"
    )
    opened, now = task.opened, Session("particular", recipe=Recipe("particular"))
    with client.websocket_connect(open_line(opened, now)) as socket:
        socket.send_text(state(opened, 1, {"b": 0.4}))  # 12 of 20 units, at which its code does something else
        *_, last = answers(socket, 1)
        accuracy = next(tile for tile in last["tiles"] if tile["name"] == "accuracy")
        assert "its own code depends on the number of units of 'b' (12 of 20 units)" in last["error"]
        assert (last["n"], last["exact"], accuracy["value"], accuracy["status"]) == (0, False, "none", "refused")
        question = measure(opened, now)
        assert question.ticket.snapshot().latest.reading.n == 100  # there was a number
        assert question.answer is None
        socket.send_text(state(opened, 2, {"b": 0.5}))
        *_, last = answers(socket, 2)
    assert (last["error"], last["n"], last["exact"]) == ("", 300, True)
    assert measure(opened, now).previous is not question.ticket.snapshot().latest


def test_a_drag_leaves_no_run_and_a_commit_is_one_at_once(client, tab):
    opened, now = tab
    with client.websocket_connect(open_line(opened, now)) as socket:
        socket.send_text(state(opened, 1, {"conv1": 0.25}))
        answers(socket, 1)
        assert verbs.history(opened) == ()
        socket.send_text(state(opened, 2, {"conv1": 0.5}, "commit"))
        socket.receive_text()
        # A newer state supersedes the answer, not the run; coming back measures what was left.
        socket.send_text(state(opened, 3, {"conv1": 0.75}, "commit"))
        while json.loads(socket.receive_text())["rev"] < 3:
            pass
    runs = verbs.history(opened)
    assert [dict(run.recipe.channels) for run in runs] == [{"conv1": 0.5}, {"conv1": 0.75}]
    assert runs[1].parent == runs[0].id


def test_what_is_no_state_for_these_bars_changes_nothing(client, tab):
    opened, now = tab
    with client.websocket_connect(open_line(opened, now)) as socket:
        for text in ("nonsense", "[1]", '{"rev": 9}', state(opened, 1, {"conv1": float("nan")})):
            socket.send_text(text)
        socket.send_text(state(opened, 2, {"conv1": 0.5}, mode=Mode.WEIGHTS))  # the page has left that mode
        socket.send_text(state(opened, 3, {"conv1": 7, "fc": 0.5, "no such group": 0.5}))
        answers(socket, 3)
    assert now.recipe == Recipe("resnet8", channels={"conv1": 1.0})  # bounded; fc is protected


@pytest.mark.parametrize(
    ("address", "headers"),
    [("line/0123456789abcdef0123456789abcdef", {}), (None, {"origin": "http://elsewhere.example"})],
    ids=["unknown", "another page"],
)
def test_only_the_tab_itself_may_move_its_bars(client, tab, address, headers):
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(address or open_line(*tab), headers=headers) as socket,
    ):
        socket.receive_text()


def test_bytes_and_nonsense_are_passed_over(client, tab):
    opened, now = tab
    with client.websocket_connect(open_line(opened, now)) as socket:
        for frame in (b"", b"\xff\x00", state(opened, 1, {}).encode()):
            socket.send_bytes(frame)
        for text in ("", "null", "[" * 100_000, '{"rev": "\\ud800"}'):
            socket.send_text(text)
        socket.send_text(state(opened, 1, {"conv1": 0.5}))
        assert answers(socket, 1)[-1]["done"]
