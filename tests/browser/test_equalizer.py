import re

import pytest
from playwright.sync_api import expect

from tests.browser.bars import bar, grip, measured, move, pull, said


@pytest.fixture
def desk(page):
    """The desk of resnet8, nothing cut."""
    page.goto("/")
    measured(page)
    reset = page.get_by_role("button", name="Reset", exact=True)
    if reset.is_enabled():
        page.get_by_role("button", name="Reset", exact=True).click()
        expect(said(page, "params")).to_have_text("77,754")
        measured(page)
    return page


def test_counts_move_with_the_pointer_and_the_accuracy_follows(desk):
    grip(desk, "layer3.0.conv1")
    move(desk, "layer3.0.conv1", 0.5)
    # 32 of 64 channels: 32·288 weights, 64 BatchNorm entries and 64·32·9 weights that read them go of 77,754.
    expect(said(desk, "params")).to_have_text("50,042 (−35.6 %)")
    expect(said(desk, "accuracy")).to_contain_text("of 1,000")  # while the hand still holds the bar
    desk.mouse.up()
    measured(desk)
    expect(desk.get_by_test_id("stMetric").filter(has_text="Parameters")).to_contain_text("50.0 k")


def test_linked_bars_move_as_one(desk):
    pull(desk, "conv1", 0.25)
    for layer in ("conv1", "layer1.0.conv2"):
        expect(bar(desk, layer)).to_have_attribute("aria-valuenow", "25")
    expect(bar(desk, "conv1")).to_have_attribute("aria-valuetext", re.compile("12 of 16 channels kept"))
    expect(said(desk, "why")).to_have_text("tied by the addition of layer1.0.conv2 and conv1")


def test_everything_can_be_done_with_the_keyboard(desk):
    bar(desk, "layer2.0.conv1").focus()
    for key, value in (("PageUp", "10"), ("ArrowUp", "11"), ("End", "100"), ("PageDown", "90"), ("Home", "0")):
        desk.keyboard.press(key)
        expect(bar(desk, "layer2.0.conv1")).to_have_attribute("aria-valuenow", value)
    desk.keyboard.press("ArrowRight")
    expect(bar(desk, "layer2.0.conv2")).to_be_focused()
    desk.keyboard.press("Enter")
    desk.keyboard.type("37.5")
    desk.keyboard.press("Enter")
    for layer in ("layer2.0.conv2", "layer2.0.shortcut.0"):
        expect(bar(desk, layer)).to_have_attribute("aria-valuenow", "37.5")
    expect(bar(desk, "layer2.0.conv2")).to_be_focused()
    measured(desk)


def test_a_double_click_types_a_value(desk):
    pull(desk, "layer3.0.conv2", 0.25)
    bar(desk, "layer3.0.conv2").dblclick()
    box = desk.get_by_role("spinbutton", name="Sparsity of layer3.0.conv2 in percent")
    expect(box).to_have_value("25")  # what stood there before the click
    box.fill("62")
    box.press("Enter")
    expect(bar(desk, "layer3.0.conv2")).to_have_attribute("aria-valuenow", "62")


def test_undo_and_redo_by_key(desk):
    pull(desk, "layer3.0.conv1", 0.4)
    measured(desk)
    expect(desk.get_by_role("button", name="Undo")).to_be_enabled()
    bar(desk, "layer3.0.conv1").focus()
    desk.keyboard.press("Control+z")
    expect(bar(desk, "layer3.0.conv1")).to_have_attribute("aria-valuenow", "0")
    measured(desk)
    bar(desk, "layer3.0.conv1").focus()
    desk.keyboard.press("Control+Shift+z")
    expect(bar(desk, "layer3.0.conv1")).to_have_attribute("aria-valuenow", "40")


def test_a_protected_bar_is_locked_and_says_why(desk):
    locked = bar(desk, "fc")
    expect(locked).to_have_attribute("aria-disabled", "true")
    expect(locked).to_have_attribute("aria-description", "Protected: network output")
    grip(desk, "fc")
    move(desk, "fc", 0.8)
    desk.mouse.up()
    expect(said(desk, "params")).to_have_text("77,754")


def test_a_pinned_bar_stays_while_the_master_moves_the_others(desk):
    pull(desk, "layer3.0.conv1", 0.3)
    desk.keyboard.press("p")
    expect(bar(desk, "layer3.0.conv1")).to_have_attribute("aria-valuetext", re.compile("pinned"))
    master = desk.get_by_role("slider", name="All bars that are not pinned")
    master.focus()
    for _ in range(5):
        master.press("PageUp")
    expect(bar(desk, "layer3.0.conv1")).to_have_attribute("aria-valuenow", "30")
    expect(bar(desk, "layer2.0.conv1")).not_to_have_attribute("aria-valuenow", "0")
    measured(desk)
    expect(bar(desk, "layer3.0.conv1")).to_have_attribute("aria-valuenow", "30")


def test_selected_bars_move_together(desk):
    for layer in ("layer2.0.conv1", "layer3.0.conv1"):
        bar(desk, layer).click(modifiers=["Control"])
    bar(desk, "layer3.0.conv1").focus()
    desk.keyboard.press("PageUp")
    for layer in ("layer2.0.conv1", "layer3.0.conv1"):
        expect(bar(desk, layer)).to_have_attribute("aria-valuenow", "10")
    expect(bar(desk, "conv1")).to_have_attribute("aria-valuenow", "0")


def test_bars_are_found_by_name(desk):
    desk.get_by_role("searchbox").fill("layer2")
    expect(bar(desk, "layer2.0.conv1")).to_be_visible()
    expect(bar(desk, "conv1")).to_be_hidden()


def test_a_reload_loses_nothing(desk):
    pull(desk, "layer3.0.conv1", 0.6)
    measured(desk)
    expect(desk.get_by_role("button", name="Undo")).to_be_enabled()
    desk.reload()
    expect(bar(desk, "layer3.0.conv1")).to_have_attribute("aria-valuenow", "60")


def test_weights_mode_leaves_the_counts_and_counts_zeros(desk):
    desk.get_by_role("radio", name="Weights").click()
    expect(said(desk, "zeros")).to_be_visible()
    pull(desk, "layer3.0.conv2", 0.5)
    expect(said(desk, "zeros")).to_have_text("18,432")  # half of 64·64·9
    expect(said(desk, "params")).to_have_text("77,754")
    measured(desk)
