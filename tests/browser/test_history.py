"""The history as a person walks through it: restore, share, compare, and come back after a crash."""

import re

import pytest
from playwright.sync_api import Page, expect

from prunekit import verbs
from prunekit.recipe import Recipe
from tests.browser.bars import measured, stands
from tests.browser.charts import chart, choose_row, press_mark
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


def test_a_click_on_a_run_puts_it_on_the_desk(page, runs):
    page.goto("/compare")
    whole(page)
    for run, name in ((runs[1], "half the second stage"), (runs[0], f"run {runs[0].id[:6]}")):
        press_mark(page, "Which run gives the most for its parameters?", run.id)
        expect(page.get_by_text(f"On the desk: {name}").first).to_be_visible()


def test_a_row_of_the_table_puts_its_run_on_the_desk(page, runs):
    page.goto("/compare")
    whole(page)
    page.get_by_text("As a table").first.click()
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible()
    choose_row(page, table, runs[1].id)
    expect(page.get_by_text("On the desk: half the second stage").first).to_be_visible()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Tune").click()
    stands(page, "layer2.0.conv1", 50)
    stands(page, "layer3.0.conv1", 0)


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
