"""The history as a person walks through it: restore, share, compare, and come back after a crash."""

import re

import pytest
from playwright.sync_api import Page, expect

from prunekit import verbs
from prunekit.recipe import Recipe
from tests.browser.bars import measured, stands
from tests.browser.charts import chart, press_mark
from tests.browser.conftest import settled
from tools.app_server import serving

STEPS = ({"conv1": 0.25}, {"conv1": 0.25, "layer2.0.conv1": 0.5}, {"conv1": 0.25, "layer3.0.conv1": 0.75})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("history")


@pytest.fixture(scope="module")
def runs(folder):
    """Three measured runs of which the first has the two others as children; the last is on the desk."""
    opened, found = verbs.open_task("resnet8", folder), []
    for channels in STEPS:
        recipe = Recipe("resnet8", channels=channels)
        evaluation = verbs.last(verbs.evaluate(opened, recipe))
        parent = found[0].id if found else None
        found.append(verbs.commit(opened, recipe, evaluation.cost, evaluation.reading, parent))
    opened.workspace.rename(found[1].id, "half the second stage")
    return found


@pytest.fixture(scope="module")
def server(folder, runs, server_log, port):
    with serving(folder, server_log, port=port) as address:
        yield address


def whole(page: Page) -> None:
    expect(page.get_by_text("Measured on the same 1,000 validation samples")).to_be_visible()
    expect(page.get_by_role("img", name="Sample").first).to_be_visible()
    settled(page)


def test_the_page_shows_runs_and_images_that_flipped(page, runs, picture):
    page.goto("/compare")
    whole(page)
    expect(chart(page, "Which run came from which?")).to_be_visible()
    first = page.get_by_role("img", name="Sample").first
    assert first.evaluate("image => image.naturalWidth") > 80
    for width in (1280, 480):
        page.set_viewport_size({"width": width, "height": 900})
        picture(f"compare-{width}")


def test_a_run_that_is_picked_in_the_chart_is_compared_and_the_desk_stays(page, runs):
    page.goto("/compare")
    whole(page)
    press_mark(page, "Which run gives the most for its parameters?", runs[1].id)
    expect(page.get_by_text("Compared: the task's own network with half the second stage")).to_be_visible()
    expect(page.get_by_text("only half the second stage gets right")).to_be_visible()
    expect(page.get_by_text("Measured on the same 1,000 validation samples")).to_be_visible()
    expect(page.get_by_text(f"On the desk: run {runs[2].id[:6]}").first).to_be_visible()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Tune").click()
    stands(page, "layer3.0.conv1", 75)


def test_the_last_two_that_are_picked_are_compared(page, runs):
    page.goto("/compare")
    whole(page)
    press_mark(page, "Which run gives the most for its parameters?", runs[1].id)
    expect(page.get_by_text("Compared: the task's own network with half the second stage")).to_be_visible()
    whole(page)
    press_mark(page, "Which run gives the most for its parameters?", runs[0].id)
    expect(page.get_by_text(f"Compared: half the second stage with run {runs[0].id[:6]}")).to_be_visible()
    whole(page)
    press_mark(page, "Which run gives the most for its parameters?", runs[2].id)
    expect(page.get_by_text(f"Compared: run {runs[0].id[:6]} with run {runs[2].id[:6]}")).to_be_visible()


def test_a_link_puts_its_run_on_the_desk(page, runs):
    page.goto(f"/?task=resnet8&run={runs[0].id}")
    stands(page, "conv1", 25)
    stands(page, "layer3.0.conv1", 0)
    measured(page)
    expect(page).to_have_url(re.compile(f"run={runs[0].id}"))
    page.reload()
    stands(page, "conv1", 25)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Compare").click()
    expect(page).to_have_url(re.compile(f"compare.*run={runs[0].id}"))
    page.goto("/?task=resnet8&run=ffffffffffff")
    refusal = page.get_by_role("alert").filter(has_text="There is no run ffffffffffff in this history.")
    expect(refusal).to_be_visible()
    stands(page, "conv1", 25)
    measured(page)
    expect(refusal).to_be_visible()
