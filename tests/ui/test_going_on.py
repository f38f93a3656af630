"""A recovery that is gone on with after its process was killed, on the page."""

import json
import shutil
from dataclasses import replace
from zlib import crc32

import pytest
from streamlit.testing.v1 import AppTest

from prunekit import verbs
from prunekit.engine.shared import worker
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Run
from prunekit.recover.schedule import Schedule
from prunekit.store import Workspace
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Task
from prunekit.ui.state.cached import dense_evaluation
from prunekit.ui.state.session import Session
from tests import samples
from tests.nets import make

SCHEDULE = Schedule(epochs=4, batch=32)


def page(opened):
    """What the Recover page does with a recovery."""
    from prunekit.ui.job_bar import job_bar
    from prunekit.ui.recover.recovery import unfinished
    from prunekit.ui.recover.under_way import under_way
    from prunekit.ui.state import jobs
    from prunekit.ui.state.recovered import owner

    job_bar(opened)
    job = jobs.started(owner(opened))
    if job is None:
        unfinished(opened)
    else:
        under_way(opened, job)


@pytest.fixture
def killed(tmp_path, request):
    """A task of which a recovery was killed after the second of its four epochs."""
    net = make("plain", seed=crc32(request.node.name.encode()))
    task = Task("tiny", "Tiny", net, lambda: make("plain", 5), "tests.nets:Plain", samples.data())
    opened = verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path / "ws"))
    recipe = verbs.check(opened, Recipe(channels={"conv1": 0.5}))
    records = verbs.recover_in_rounds(opened, recipe, 1, SCHEDULE)
    while next(records).epoch < 2.0:
        pass
    shutil.copytree(opened.workspace.path, tmp_path / "killed")  # as a process that is killed now leaves it
    records.close()
    yield replace(opened, workspace=Workspace(tmp_path / "killed"))
    for job in worker().jobs():
        job.cancel()


@pytest.fixture
def app(killed):
    dense_evaluation(killed.key.digest, killed, None).wait(60)
    app = AppTest.from_function(page, default_timeout=60, kwargs={"opened": killed})
    app.session_state["session"] = Session("tiny", recipe=Recipe("tiny", channels={"conv1": 0.5}))
    return app.run()


def validated(app):
    """The epochs at which the curve has a reading."""
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)
    return next(trace["x"] for trace in drawn["data"] if trace["name"].startswith("validation"))


def test_the_curve_begins_before_the_kill(app):
    app.button(key="go-on-0").click().run()
    job = worker().jobs()[-1]
    ended = job.wait(60)
    assert isinstance(ended.latest, Run)
    assert validated(app.run()) == [1.0, 2.0, 3.0, 4.0]


def test_what_was_done_before_is_said_before_anything_is_trained(app, monkeypatch):
    monkeypatch.setattr("prunekit.verbs.recover_in_rounds", lambda *_: iter(lambda: None, 0))  # never a record
    app.button(key="go-on-0").click().run()
    job = worker().jobs()[-1]
    while not job.snapshot().done:
        worker().call(lambda: None)
    app.run()
    assert validated(app) == [1.0, 2.0]
    assert "2 readings, 50 % of the steps" in str(app.get("progress")[0].proto)
    job.cancel()
