"""The dashboard that a person's own script serves, on the very objects that it made."""

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.bars import grip, measured, move, ready, stands, tile
from tests.browser.scripts import running

LAYER = "body.0"


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    with running(tmp_path_factory.mktemp("script")) as script:
        yield script


@pytest.fixture(scope="module")
def server(script):
    return script.said["url"].partition("?")[0]


def test_the_dashboard_shows_the_scripts_own_network_and_accuracy(page, server, script, picture):
    page.goto(server)
    ready(page)
    expect(page.get_by_role("combobox", name="Task")).to_have_value("My own net")
    expect(tile(page, "accuracy").locator(".detail")).to_contain_text(
        f"{script.said['correct']} of 400 validation samples"
    )
    # 8·32 + 32, 32·16 + 16 and 16·3 + 3
    expect(tile(page, "params").locator(".value")).to_have_text("867")
    picture("own-script")
    page.goto(f"{server}open")
    expect(page.get_by_text("are opened there")).to_be_visible()  # no upload is offered


def test_script_and_screen_share_the_worker_while_a_recovery_runs(page, server, script):
    page.goto(server)
    ready(page)
    grip(page, LAYER)
    move(page, LAYER, 0.3)
    assert script.tell("recover") == {"running": True}
    assert script.tell("evaluate") == {"correct": script.said["half"]}
    move(page, LAYER, 0.5)
    page.locator(".desk[data-pending=false]:not([data-n='0'])").wait_for()  # not let go: the drag is measured
    assert script.tell("evaluate") == {"correct": script.said["half"]}
    page.mouse.up()
    stands(page, LAYER, 50)
    measured(page)
    expect(tile(page, "accuracy").locator(".detail")).to_contain_text(
        f"{script.said['half']} of 400 validation samples"
    )
    assert script.tell("enough") == {"running": True, "error": None, "epochs": script.said["epochs"]}


def test_it_stops_cleanly(script, server):
    stopped = script.tell("stop")
    assert stopped == {"running": False, "threads": ["MainThread", "prunekit-worker"]}
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(server, timeout=5)
