"""The controls of bits on networks that are measured in milliseconds."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest
from torch import nn

from prunekit import verbs
from prunekit.engine.shared import worker
from prunekit.graph import structure_of
from prunekit.recipe import BITS, Recipe
from prunekit.records import Candidate, Mode, Point
from prunekit.store import Workspace
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Task
from prunekit.ui.state.session import Hand, Session
from tests import samples
from tests.nets import make


def menu(opened):
    from prunekit.ui.tune.bits import bits_menu, layer_bits

    bits_menu(opened)
    layer_bits(opened, opened.structure.layers[0].name)


def scan(opened):
    from prunekit.ui.sensitivity.bits_scan import bits_scan

    bits_scan(opened)


@pytest.fixture
def opened(tmp_path):
    return open_net(make("residual"), tmp_path)


def open_net(net, folder):
    task = Task("tiny", "Tiny", net, lambda: net, "tests.nets:Residual", samples.data())
    return verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(folder / "ws"))


def draw(page, opened, **session):
    app = AppTest.from_function(page, default_timeout=60, kwargs={"opened": opened})
    app.session_state["session"] = Session("tiny", recipe=session.pop("recipe", Recipe("tiny")), **session)
    return app.run()


def test_a_network_of_two_layers_says_where_its_bits_are_chosen(tmp_path):
    net = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 16, 4)).eval()
    app = draw(menu, open_net(net, tmp_path))
    every = app.get("button_group")[0]
    assert every.proto.disabled
    assert any("no layer between its first and its last" in caption.value for caption in app.caption)
    app.selectbox[0].set_value(4).run()
    assert app.session_state["session"].recipe == Recipe("tiny", bits={"0": 4})
    app.run()
    assert app.get("popover")[0].proto.popover.label == "Bits: 4"


def test_a_network_of_more_layers_does_not(opened):
    app = draw(menu, opened)
    assert not app.get("button_group")[0].proto.disabled
    assert not any("no layer between" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("mode", "pinned", "measured"),
    [
        (Mode.CHANNELS, ("stem",), {"conv1"}),  # its group is stem and conv2
        (Mode.WEIGHTS, ("conv1", "gone"), {"conv2"}),
        (Mode.CHANNELS, (), {"conv1", "conv2"}),
    ],
)
def test_mixed_precision_leaves_what_is_pinned_on_the_desk(opened, mode, pinned, measured):
    recipe = Recipe("tiny", bits={"conv1": 8, "conv2": 8})
    app = draw(scan, opened, recipe=recipe, mode=mode, hand=Hand(pinned=pinned))
    app.number_input(key="bytes-left").set_value(90).run()
    next(button for button in app.button if button.label == "Plan mixed precision").click().run()
    job = worker().jobs(f"bits {opened.key.digest} {opened.workspace.path}")[-1]
    ended = job.wait(60)
    assert ended.error is None
    assert {record.name for record in ended.records if isinstance(record, Point)} == measured
    candidates = {record.recipe for record in ended.records if isinstance(record, Candidate)}
    assert candidates
    for candidate in candidates:
        assert all(candidate.bits[layer] == 8 for layer in {"conv1", "conv2"} - measured)
    assert ended.total - 3 == len(BITS) * len(measured)
    assert replace(ended.latest.recipe, bits={}) == Recipe("tiny")
