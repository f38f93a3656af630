"""The address of a page: what it says of the task, and what it is told of one that is not there."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunekit.ui.address import name_of, task_of, unknown
from tests.own_projects import write_own
from tests.ui.conftest import desk
from tools.app_server import ROOT

TASKS = ("/data/nets/shapes/prunekit.toml", "/other/shapes/prunekit.toml", "resnet8")


def arriving(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "prunekit/ui/shell.py"), default_timeout=60)
    app.query_params.update(query)
    return app.run()


def test_names_are_short_stable_and_show_no_path():
    names = [name_of(task) for task in TASKS]
    assert names[2] == "resnet8"
    assert len({*names}) == len(TASKS)
    assert all(name.startswith("shapes-") and "/" not in name for name in names[:2])
    assert names == [name_of(task) for task in TASKS]


def test_an_address_finds_its_task_also_an_old_one_with_a_path():
    assert [task_of(name_of(task), TASKS) for task in TASKS] == [*TASKS]
    assert [task_of(task, TASKS) for task in TASKS] == [*TASKS]
    assert task_of("nosuch", TASKS) is None


def test_what_is_said_of_an_unknown_task_names_all_there_are():
    said = unknown("nosuch", TASKS)
    assert said.startswith("There is no task 'nosuch' here; ")
    assert all(name_of(task) in said for task in TASKS)


@pytest.fixture
def fresh(workspace, monkeypatch):
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(workspace))
    monkeypatch.delenv("PRUNEKIT_TASK", raising=False)


def test_an_unknown_task_is_told_until_one_is_picked(fresh):
    app = arriving(task="nosuch")
    (warning,) = app.warning
    assert "There is no task 'nosuch' here" in warning.value
    assert "mobilenet" in warning.value
    assert desk(app).task == "resnet8"
    app.selectbox(key="task").set_value("vgg").run()
    assert not app.warning
    assert app.query_params["task"] == "vgg"


@pytest.mark.parametrize("old", [True, False])
def test_an_own_projects_address_opens_it_and_shows_no_path(fresh, monkeypatch, tmp_path, old):
    project = write_own(tmp_path, "pixels")
    monkeypatch.setenv("PRUNEKIT_TASK", project)
    app = arriving(task=project if old else name_of(project))
    assert not app.warning
    assert desk(app).task == project
    assert app.query_params["task"] == name_of(project)
    assert str(Path(tmp_path)) not in str(app.query_params)
    app.selectbox(key="task").set_value("vgg").run()
    app.selectbox(key="task").set_value(project).run()
    assert app.query_params["task"] == name_of(project)
