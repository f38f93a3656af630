"""Tasks of one server that have equal weights, and other labels: each its own numbers, jobs and history."""

import numpy as np
import pytest

from prunekit import verbs
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.recover.schedule import Schedule
from prunekit.ui.equalizer.live import layout
from prunekit.ui.recover import recovery
from prunekit.ui.state import jobs
from prunekit.ui.state.cached import dense_evaluation
from prunekit.ui.state.reading import dense
from prunekit.ui.state.session import Session
from prunekit.verbs.unfinished import Recovery, remember
from tests.ui.conftest import desk, settle, tiles

NETS = """import torch
from torch import nn


def larger():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with torch.no_grad():
        for layer in (net[0], net[2]):
            layer.weight.copy_(torch.eye(2))
            layer.bias.zero_()
    return net
"""
CUT = Recipe("larger", channels={"0": 0.5})


def write(folder, turned):
    """A network that names the larger of two numbers, with labels that do so, too, or the smaller."""
    folder.mkdir()
    (folder / "nets.py").write_text(NETS)
    inputs = np.random.default_rng(0).random((50, 2), dtype=np.float32)
    np.savez(folder / "data.npz", X=inputs, y=inputs.argmin(1) if turned else inputs.argmax(1))
    project = folder / "prunekit.toml"
    project.write_text('name = "larger"\nfactory = "nets.py:larger"\ndata = "data.npz"\nclasses = ["a", "b"]\n')
    return str(project)


@pytest.fixture
def projects(tmp_path):
    return write(tmp_path / "right", False), write(tmp_path / "wrong", True)


@pytest.fixture
def pair(projects, workspace):
    opened = tuple(verbs.open_task(project, workspace) for project in projects)
    assert opened[0].digest == opened[1].digest
    return opened


def test_each_has_its_own_dense_reading(pair):
    for opened, accuracy in zip(pair, (1.0, 0.0), strict=True):
        dense_evaluation(opened.key.digest, opened, None).wait(60)
        assert dense(opened).reading.value == accuracy


def test_the_desk_shows_each_its_own_reading(visit, projects):
    for project, accuracy in zip(projects, ("100.0 %", "0.0 %"), strict=True):
        app = visit(task=project, session=Session(project))
        assert not app.exception
        assert tiles(app)["accuracy"]["value"] == accuracy


def test_what_is_cut_on_one_desk_is_neither_history_nor_desk_of_the_other(visit, projects, pair):
    right, wrong = pair
    app = visit(task=projects[0], session=Session(projects[0], recipe=CUT))
    assert desk(settle(app)).recipe == CUT
    (run,) = verbs.history(right)
    assert right.workspace.head(right.key) == run
    assert verbs.history(wrong) == ()
    other = visit(task=projects[1], session=Session(projects[1]))
    assert desk(other).recipe == Recipe("larger")
    assert right.workspace.head(right.key) == run  # opening the other moved nothing
    assert desk(visit(task=projects[0], session=Session(projects[0]))).recipe == CUT


def test_a_link_to_a_run_of_the_other_says_why_it_is_not_followed(visit, projects, pair):
    right, _ = pair
    run = verbs.commit(right, CUT, right.structure.cost({}), None, None)
    app = visit(task=projects[1], session=Session(projects[1], linked=run.id))
    says = f"Run {run.id} was measured on other data, or by another metric, of 'larger'; open those first."
    assert [error.value for error in app.error] == [f"{says} The desk is as it was."]


def test_jobs_of_one_are_not_seen_at_the_other(projects, pair, tmp_path):
    right, wrong = pair
    elsewhere = verbs.open_task(projects[0], tmp_path / "other workspace")
    for name in (recovery.owner, lambda opened: jobs.owner(opened, "plan", "channels")):
        job = jobs.worker().job(name(right), "Work", lambda: iter([1]))
        job.wait(60)
        assert jobs.started(name(right)) is job
        assert jobs.started(name(wrong)) is None
        assert jobs.started(name(elsewhere)) is None  # it stores its outcome there


def test_bars_points_and_begun_recoveries_are_apart(pair):
    right, wrong = pair
    assert layout(right, Mode.CHANNELS, CUT) != layout(wrong, Mode.CHANNELS, CUT)
    assert len(list(verbs.scan(right, levels=(0.5,), limit=None))) == 1
    assert len(verbs.stored_points(right, limit=None)) == 1
    assert verbs.stored_points(wrong, limit=None) == ()
    begun = Recovery(CUT, Schedule())
    remember(right, begun)
    assert verbs.unfinished(right) == (begun,)
    assert verbs.unfinished(wrong) == ()
