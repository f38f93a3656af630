"""Desks that are long, slow, or lose their server."""

import json
import os
import signal
import subprocess

import pytest
from playwright.sync_api import expect

from prunekit import verbs
from tests.browser.awkward_nets import write_project
from tests.browser.bars import bar, grip, measured, move, pull, ready, stands, tile
from tools.app_server import serving


@pytest.fixture
def visit(tab):
    """Opens the page of a server that a test started itself."""
    tab.set_viewport_size({"width": 1280, "height": 900})

    def open_page(address: str):
        tab.goto(address)
        return tab

    return open_page


def test_150_layers_stay_within_reach(visit, port, tmp_path):
    project = write_project(tmp_path, "deep", size=8, samples=60)
    with serving(tmp_path / "workspace", tmp_path / "log", task=project, port=port) as address:
        page = visit(address)
        ready(page)
        expect(page.get_by_role("slider", name="All bars that are not pinned")).to_be_visible()
        assert page.locator(".bar").count() == 150
        page.get_by_label("Show only layers whose name contains").fill("148")
        expect(page.locator(".bar:visible")).to_have_count(1)
        pull(page, "148", 0.5)
        stands(page, "148", 50)
        measured(page)
        expect(tile(page, "params").locator(".delta")).to_contain_text("−")
        page.get_by_label("Show only layers whose name contains").fill("")
        expect(page.locator(".bar:visible")).to_have_count(150)
        bar(page, "148").scroll_into_view_if_needed()
        expect(bar(page, "148")).to_be_in_viewport()


def test_of_slow_readings_the_newest_wins(visit, tab, port, tmp_path):
    project = write_project(tmp_path, "slow", size=20, samples=1000)
    with serving(tmp_path / "workspace", tmp_path / "log", task=project, port=port) as address:
        sent, heard = [], []

        def attach(socket):
            if "/line/" in socket.url:
                socket.on("framesent", lambda frame: sent.append(json.loads(frame)["rev"]))
                socket.on("framereceived", lambda frame: heard.append(json.loads(frame)["rev"]))

        tab.on("websocket", attach)
        page = visit(address)
        bar(page, "2").wait_for()
        grip(page, "2")
        for height in (0.2, 0.4, 0.6, 0.8, 0.5):
            move(page, "2", height, steps=4)
        page.mouse.up()
        page.locator(".desk[data-pending=false]:not([data-n='0'])").wait_for()
        # One state at a time was under way, each was answered, and the last is the one that was let go.
        assert sent == sorted(set(sent))
        assert set(sent) <= set(heard)
        stands(page, "2", 50)
        assert page.locator(".desk").get_attribute("data-rev") == str(sent[-1])
        tab.remove_listener("websocket", attach)


def test_a_killed_server_loses_nothing_and_the_page_comes_back(visit, port, tmp_path):
    with serving(tmp_path / "workspace", tmp_path / "log", port=port) as address:
        page = visit(address)
        ready(page)
        pull(page, "layer3.0.conv1", 0.5)
        measured(page)
        found = subprocess.run(["pgrep", "-f", f"server.port {port}$"], capture_output=True, text=True, check=True)
        os.kill(int(found.stdout), signal.SIGKILL)  # no goodbye, as when the power fails
    opened = verbs.open_task("resnet8", tmp_path / "workspace")
    before = opened.workspace.head(opened.key)
    with serving(tmp_path / "workspace", tmp_path / "log", port=port):
        page.reload()
        ready(page)
        stands(page, "layer3.0.conv1", 50)
        expect(page.get_by_role("button", name="Undo")).to_be_enabled()
        pull(page, "layer2.0.conv1", 0.25)
        measured(page)
        stands(page, "layer2.0.conv1", 25)
        expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    after = opened.workspace.head(opened.key)
    assert after.parent == before.id
    assert (before.recipe.channels, after.recipe.channels) == (
        {"layer3.0.conv1": 0.5},
        {"layer3.0.conv1": 0.5, "layer2.0.conv1": 0.25},
    )
