import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from prunekit.engine import Ticket
from prunekit.engine.shared import worker
from prunekit.ui.state.session import Session
from tools.app_server import ROOT

Visit = Callable[..., AppTest]


def desk(app: AppTest) -> Session:
    return app.session_state["session"]


def bars(app: AppTest) -> dict[str, Any]:
    """What the browser was given to draw; empty on other pages."""
    found = app.get("bidi_component")
    return json.loads(found[0].proto.bytes) if found else {}


def tiles(app: AppTest) -> dict[str, dict[str, Any]]:
    """The readings above the bars, by name."""
    return {tile["name"]: tile for tile in bars(app).get("reply", {}).get("tiles", ())}


def settle(app: AppTest) -> AppTest:
    """Run the page until the worker owes it nothing: two runs that come to no new page and leave no question open."""
    calm = 0
    for _ in range(200):
        worker().call(lambda: None)  # a turn of the worker, so that everything asked makes a step
        stood = asked(app)
        for ticket in stood[1]:
            ticket.wait(60)
        app.run()
        waits = any(caption.value.startswith("Opening") for caption in app.caption)
        waits |= any("[measuring]" in metric.label for metric in app.metric)
        waits |= any(tile["status"] == "measuring" for tile in tiles(app).values())
        calm = calm + 1 if stood == asked(app) and not waits else 0
        if app.exception or app.error or calm == 2:
            break
    return app


def asked(app: AppTest) -> tuple[str | None, list[Ticket[Any]]]:
    """Which page runs, of which the first run draws only the top, and all tickets it waits for."""
    now = desk(app)
    return now.page, [question.ticket for question in now.questions.values()]


@pytest.fixture(autouse=True, scope="session")
def scanned_once():
    """Every AppTest starts a runtime, which reads the metadata of all installed packages: once is enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def no_first_picture(monkeypatch):
    """Where a test is not about it, the quiet scan would change what a page shows at some moment or other."""
    monkeypatch.setattr("prunekit.ui.tune.first_picture.first_picture", lambda opened: None)


@pytest.fixture
def visit(workspace, monkeypatch) -> Visit:
    """Opens a page by its address, as a visitor with a history of their own."""
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(workspace))
    monkeypatch.delenv("PRUNEKIT_TASK", raising=False)

    def open_page(
        page: str = "tune", task: str | None = None, session: Session | None = None, run: str | None = None
    ) -> AppTest:
        if task:
            monkeypatch.setenv("PRUNEKIT_TASK", task)
        app = AppTest.from_file(str(ROOT / "prunekit/ui/shell.py"), default_timeout=60)
        if session is not None:
            app.session_state["session"] = session
        if run:
            app.query_params["run"] = run
        app.run()
        if page != "tune":
            app.switch_page(str(ROOT / "pages" / f"{page}.py"))
        return settle(app)

    return open_page
