"""The planner on a page of its own, with a network that is measured in milliseconds."""

import json
from dataclasses import replace
from zlib import crc32

import pytest
from streamlit.testing.v1 import AppTest

from prunekit import verbs
from prunekit.engine.shared import worker
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Mode
from prunekit.search.scan import LEVELS
from prunekit.store import Workspace
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Task
from prunekit.ui.state import jobs
from prunekit.ui.state.cached import dense_evaluation
from prunekit.ui.state.session import Hand, Session
from tests import samples
from tests.nets import make


def page(opened):
    """What the Tune page does with the planner."""
    from prunekit.ui.tune.candidates import candidates
    from prunekit.ui.tune.planner import planner

    planner(opened)
    candidates(opened)


def put(app, candidate):
    """Press the button of a candidate."""
    app.button(key=f"put-{candidate.recipe.digest}").click().run()
    return settle(app)


@pytest.fixture
def opened(tmp_path, request):
    net = make(
        "plain", seed=crc32(request.node.name.encode())
    )  # weights of its own, so that no test finds another's plan
    task = Task("tiny", "Tiny", net, lambda: make("plain", 5), "tests.nets:Plain", samples.data())
    made = verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path / "ws"))
    yield made
    for job in worker().jobs():
        job.cancel()


def start(opened, targets=(("channels-macs", 50.0),), **session) -> AppTest:
    """Open the page, the popover and a question."""
    dense_evaluation(opened.key.digest, opened, None).wait(60)
    app = AppTest.from_function(page, default_timeout=60, kwargs={"opened": opened})
    app.session_state["session"] = desk = Session("tiny", **session)
    app.session_state[f"planner-{desk.mode.value}-"] = True
    settle(app)
    for name, value in targets:
        app.number_input(key=f"plan-{name}").set_value(value)
    return settle(app)


def settle(app: AppTest) -> AppTest:
    """Run until nothing is asked any more."""
    app.run()
    for _ in range(100):
        for asked in app.session_state["session"].questions.values():
            asked.ticket.wait(60)
        app.run()
        if app.exception or all(asked.finished for asked in app.session_state["session"].questions.values()):
            break
    return app.run()


def box(app, key):
    return app.number_input(key=key)


def texts(app):
    return [caption.value.replace("\u2060", "") for caption in app.caption]  # which keeps a colon from being an icon


def plan(app, opened):
    """Press the button and wait for the plan to end."""
    app.button(key="plan-start").click().run()
    assert not app.exception
    job = jobs.worker().jobs()[-1]
    assert job.owner.startswith(f"plan {opened.key.digest}")
    assert job.wait(120).finished
    return settle(app)


def test_the_cost_is_said_before_it_begins(opened):
    app = start(opened)
    (cost,) = [text for text in texts(app) if "Measures at most" in text]
    # three groups at nine sparsities, 100 trials, five candidates
    assert "Measures at most 132 networks: 27 points of the scan, up to 100 while" in cost
    assert "About " in cost
    list(verbs.scan(opened))
    (cost,) = [text for text in texts(settle(start(opened))) if "Measures at most" in text]
    assert "Measures at most 105 networks: none for the scan, which is stored, up to 100 while" in cost


def test_a_plan_offers_what_the_verb_finds_and_a_button_puts_it_on_the_desk(opened):
    app = start(opened)
    app = plan(app, opened)
    *expected, best = [r for r in verbs.plan(opened, {"macs": 0.5}) if isinstance(r, Candidate)]
    shown = {metric.value for metric in app.metric}
    assert shown == {f"{100 * candidate.reading.value:.1f} %" for candidate in expected}
    assert any("selected on this split: optimistic" in text for text in texts(app))
    assert any(text.startswith("Asked: at most 50.0 % of the MACs") for text in texts(app))
    assert sum("best" in markdown.value for markdown in app.markdown) >= 1
    other = next(candidate for candidate in expected if candidate.recipe != best.recipe)
    for candidate in (other, best):
        app = put(app, candidate)
        assert app.session_state["session"].recipe == candidate.recipe
        button = app.button(key=f"put-{candidate.recipe.digest}")
        assert (button.label, button.disabled) == ("On the desk", True)
    again = AppTest.from_function(page, default_timeout=60, kwargs={"opened": opened})
    again.session_state["session"] = Session("tiny")  # another tab, or this one after another page
    assert {metric.value for metric in settle(again).metric} == shown


def test_several_targets_and_pins_reach_the_verb(opened):
    desk = Recipe("tiny", channels={"conv1": 0.25, "conv2": 0.75}, criterion="l1")
    targets = (("channels-macs", 60.0), ("channels-params", 70.0), ("lost", 100.0), ("worth", 40.0))
    app = plan(start(opened, targets, recipe=desk, hand=Hand(pinned=("conv1", "long gone"))), opened)
    (asked,) = [text for text in texts(app) if text.startswith("Asked: ")]
    # with six of conv1's units fc1 could save 4 % of the MACs and 34 % of the parameters
    assert asked == (
        "Asked: at most 60.0 % of the MACs, at most 70.0 % of the parameters and at most 100 points of accuracy lost,"
        " by the criterion L1 norm. Pinned: conv1. Whole, since it could save less than 40 %: fc1."
    )
    expected = verbs.last(
        verbs.plan(opened, {"macs": 0.6, "params": 0.7, "accuracy": -100}, base=desk, pinned=["conv1"], worth=0.4)
    )
    app = put(app, expected)
    assert app.session_state["session"].recipe == expected.recipe
    assert expected.recipe.channels.get("conv1") == 0.25


def test_weights_are_planned_by_what_is_not_zero(opened):
    app = start(opened, [("weights-params", 40.0)], mode=Mode.WEIGHTS)
    assert {found.key for found in app.number_input} == {"plan-weights-params", "plan-lost", "plan-worth"}
    app = plan(app, opened)
    best = verbs.last(verbs.plan(opened, {"params": 0.4}, Mode.WEIGHTS))
    share = 100 * best.nonzero / opened.structure.cost({}).params
    assert any(f"{best.nonzero} parameters are not zero ({share:.1f} %)" in text for text in texts(app))
    app = put(app, best)
    assert app.session_state["session"].recipe == best.recipe
    assert best.recipe.weights
    assert any(text.startswith("Asked: at most 40.0 % of the parameters that are not zero") for text in texts(app))


@pytest.mark.parametrize(("key", "refused"), [("plan-channels-macs", 0.4), ("plan-lost", -5.0), ("plan-worth", 101.0)])
def test_a_refused_number_starts_nothing(opened, key, refused):
    app = start(opened)
    button = app.button(key="plan-start")
    assert not button.disabled
    box(app, key).set_value(refused)
    button.click().run()  # the click that leaves the box, as the page before offered it
    assert not [job for job in worker().jobs() if job.owner.startswith(f"plan {opened.key.digest}")]
    assert app.button(key="plan-start").disabled
    assert any(f"{refused:g} is not from" in text for text in texts(app))


def test_what_cannot_be_is_said_before_it_begins(opened):
    app = start(opened, [("channels-macs", 1.0)])
    assert [error.value for error in app.error if "cannot fall to 160" in error.value]
    assert not [button for button in app.button if button.key == "plan-start"]
    box(app, "plan-channels-macs").set_value(None)
    app = settle(app)
    assert any("Give a target" in text for text in texts(app))


def test_a_plan_is_cancelled_and_what_was_found_before_stays(opened):
    app = plan(start(opened), opened)
    before = [metric.value for metric in app.metric]
    last = jobs.worker().jobs()[-1]
    app.session_state[f"planner-channels-{last.id}"] = True
    app.run()
    box(app, "plan-channels-macs").set_value(35.0)
    app = settle(app)
    held = jobs.worker().job("else", "Another job", lambda: iter(int, 1))  # keeps the line until it is cancelled
    app.button(key="plan-start").click().run()
    second = jobs.worker().jobs(last.owner)[-1]
    assert second is not last
    app.run()
    assert "waiting for another job to end" in str(app.get("progress")[0].proto)
    assert [metric.value for metric in app.metric] == before
    assert any("what the plan before it found" in text for text in texts(app))
    app.button(key=f"stop-{second.id}").click().run()
    held.cancel()
    assert second.wait(60).finished
    app = settle(app)
    assert any(info.value.startswith("Stopped after") for info in app.info)
    assert [metric.value for metric in app.metric] == before


def test_only_one_of_many_bisected_candidates_of_a_name_has_a_card(opened):
    app = plan(start(opened, [("lost", 60.0)]), opened)
    keys = [button.key for button in app.button if str(button.key).startswith("put-")]
    assert len(keys) == len(set(keys)) <= 5
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert drawn["layout"]["title"]["text"] == "Which candidate keeps the most accuracy for its MACs?"
    points = [trace for trace in drawn["data"] if "customdata" in trace]
    *found, _ = [r for r in verbs.plan(opened, {"accuracy": -60}) if isinstance(r, Candidate)]
    assert sum(len(trace["customdata"]) for trace in points) == len(found) > 5
    best = verbs.last(verbs.plan(opened, {"accuracy": -60}))
    assert replace(best, note="") in found


def test_a_scan_counts_only_its_own_points_of_those_that_a_plan_measured(opened):
    def left(opened):
        import streamlit as st

        from prunekit.ui.sensitivity.scanning import current_scan

        st.text(current_scan(opened).remaining["exact"])

    for point in verbs.scan(opened, Mode.WEIGHTS, verbs.outlining.LEVELS[Mode.WEIGHTS], limit=None):
        if point.level == 0.98:
            break
    stored = {(point.name, point.level) for point in verbs.stored_points(opened, Mode.WEIGHTS, None)}
    wanted = {(layer.name, level) for layer in opened.structure.layers for level in LEVELS}
    assert wanted - stored
    assert stored - wanted
    app = AppTest.from_function(left, default_timeout=60, kwargs={"opened": opened})
    app.session_state["session"] = Session("tiny", mode=Mode.WEIGHTS)
    assert app.run().text[0].value == str(len(wanted - stored))
