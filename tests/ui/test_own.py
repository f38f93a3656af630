"""Every page shows what the bundled classifiers are not, and calls its metric by its name."""

from pathlib import Path

import pytest

from prunekit.recipe import Recipe
from prunekit.ui.navigation import FOLDER, SECTIONS
from prunekit.ui.state import jobs
from prunekit.ui.state.session import Session
from tests.own_projects import KINDS, write_own
from tests.ui.conftest import settle, tiles

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # PyTorch's own, when programs are copied
PAGES = [name for pages in SECTIONS.values() for name in pages]
CUTS = {"graph": "conv", "program": "0", "pixels": "0"}
METRIC = {"graph": "Accuracy", "program": "Accuracy", "pixels": "Mean IoU"}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def project(kind, tmp_path_factory):
    return write_own(tmp_path_factory.mktemp("own"), kind)


@pytest.fixture
def at(visit, kind, project):
    def come(page):
        return visit(page, project, Session(project, recipe=Recipe("own", channels={CUTS[kind]: 0.5})))

    return come


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_it(at, page, kind):
    app = at(page)
    assert not app.exception
    assert [error.value for error in app.error] == []
    if page == "tune":
        assert tiles(app)["accuracy"]["label"] == f"{METRIC[kind]} as cut"
    if page in ("recover", "export", "weights"):
        assert any(metric.label.startswith(METRIC[kind]) for metric in app.metric)


def test_a_program_recovers_and_is_exported(visit, tmp_path):
    project = write_own(tmp_path, "program")
    app = visit("recover", project, Session(project, recipe=Recipe("own", channels={"0": 0.5})))
    app.button_group(key="epochs").set_value(1).run()
    next(button for button in app.button if button.label == "Fine-tune").click().run()
    _finish("recover")
    app = settle(app)
    assert {"Accuracy before", "Accuracy after"} <= {metric.label for metric in app.metric}
    app.switch_page(str(FOLDER / "export.py"))
    app = settle(app)
    next(button for button in app.button if button.label == "Export and prove").click().run()
    files = _finish("export").records[-1]
    assert {Path(file.path).name for file in files} >= {"own.pt2", "recipe.json"}
    assert not any(file.path.endswith((".py", "own.safetensors")) for file in files)
    assert not settle(app).exception


def _finish(what):
    owner = next(job.owner for job in reversed(jobs.worker().jobs()) if job.owner.startswith(what))
    return jobs.started(owner).wait(120)
