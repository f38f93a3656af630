"""The first screen is the instrument, on a laptop as on a phone; what its parts show and do."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.bars import bar, measured, ready, said, stands, tile
from tests.browser.screens import SCREENS, box, shows_its_desk

LAYER = "layer2.0.conv1"


@pytest.fixture(params=["resnet8", "resnet20"])
def desk(page, request):
    page.goto(f"/?task={request.param}")
    ready(page)
    welcome = page.get_by_role("button", name="Got it")
    if welcome.count():
        welcome.click()
        expect(welcome).to_have_count(0)
    return page


def bands(page):
    """How many bars show what their layers lose alone."""
    return page.locator(".bar:not(.protected) .shade[style*=gradient]")


def test_the_first_screen_holds_the_readings_the_bars_and_the_layer_in_focus(desk, picture):
    expect(bands(desk)).to_have_count(desk.locator(".bar:not(.protected)").count())  # nobody has asked for it
    bar(desk, LAYER).focus()
    expect(desk.locator("[data-chart=scores]")).to_be_visible()
    for screen in SCREENS:
        shows_its_desk(desk, screen)
        picture(f"desk-{desk.url.partition('task=')[2] or 'resnet8'}-{screen}", whole=False)


def test_a_phone_shows_one_bar_with_less_and_more(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/")
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".desk .column:visible")).to_have_count(1)
    start = float(page.locator(".desk .bar:visible").get_attribute("aria-valuenow"))
    page.get_by_role("button", name="Remove more").click()
    expect(page.locator(".desk .bar:visible")).to_have_attribute("aria-valuenow", f"{start + 5:g}")
    page.get_by_role("button", name="Remove less").click()
    expect(page.locator(".desk .bar:visible")).to_have_attribute("aria-valuenow", f"{start:g}")
    measured(page)


def test_the_line_of_the_scores_is_a_handle_and_a_channel_can_be_clicked(page):
    page.goto("/")
    ready(page)
    bar(page, LAYER).focus()
    area = page.locator("[data-chart=scores] .area")
    area.wait_for()
    area.scroll_into_view_if_needed()
    place = area.bounding_box()
    y = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + place["width"] / 4, y)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] / 2, y, steps=8)
    page.mouse.up()
    stands(page, LAYER, 50)  # 16 of its 32 channels
    measured(page)
    area.click(position={"x": place["width"] - 2, "y": place["height"] / 2})  # the best channel goes
    expect(page.locator("[data-chart=scores] .decided")).to_have_attribute("d", "M0.1 0V-1h.8V0z")  # now first
    measured(page)
    expect(said(page, "layer")).to_contain_text("16 of 32 channels kept")
    expect(tile(page, "repaired").locator(".status")).to_have_text("measured")


def test_the_dial_leaves_the_flops_it_says_and_the_rest_is_measured(page):
    page.goto("/")
    ready(page)
    dial = page.get_by_role("slider", name="FLOPs left, along the trade-off curve")
    dial.scroll_into_view_if_needed()
    place = dial.bounding_box()
    page.mouse.move(place["x"] + 4, place["y"] + 8)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + 8, steps=8)
    expect(dial).to_have_attribute("aria-valuenow", re.compile("^(49|50|51)$"))  # a channel is up to a point or so
    expect(dial).to_have_attribute("aria-valuetext", re.compile("points lost as cut, estimated$"))
    page.mouse.up()
    measured(page)
    expect(tile(page, "flops").locator(".delta")).to_have_text(re.compile(r"^−(49|50|51)\.\d %$"))
    expect(tile(page, "accuracy").locator(".status")).to_have_text("measured")
    dial.press("PageUp")
    expect(dial).to_have_attribute("aria-valuenow", re.compile("^(59|60|61)$"))


def test_the_bars_are_as_wide_as_the_root_of_what_they_free(page):
    page.goto("/")
    ready(page)
    widths = {name: box(page, f".bar[data-layers^='{name}']")["width"] for name in ("conv1", LAYER)}
    page.get_by_label("Width of the bars").select_option("params")
    # conv1's group frees most FLOPs, on the largest maps, and few parameters.
    expect(page.get_by_label("Width of the bars")).to_have_value("params")
    assert widths["conv1"] > widths[LAYER]
    assert box(page, ".bar[data-layers^='conv1']")["width"] < box(page, f".bar[data-layers^='{LAYER}']")["width"]
