"""The desk under a hand: mouse and keyboard, pins, undo, both modes, and what goes wrong."""

import pytest
from playwright.sync_api import expect

from tests.browser.bars import bar, grip, measured, move, pull, ready, said, stands, tile

LAYER, OTHER = "layer3.0.conv1", "layer2.0.conv1"


@pytest.fixture
def desk(page):
    """The desk of resnet8, dense whatever an earlier test left."""
    page.goto("/")
    ready(page)
    reset = page.get_by_role("button", name="Reset", exact=True)
    if reset.is_enabled():
        reset.click()
        stands(page, LAYER, 0)
        measured(page)
    return page


def test_counts_move_with_the_pointer_and_the_accuracy_follows_while_it_moves(desk):
    grip(desk, LAYER)
    move(desk, LAYER, 0.5)
    expect(tile(desk, "params").locator(".detail")).to_have_text("50,042")  # see test_tune.py
    # No release: it is the drag that is measured.
    desk.locator(".desk[data-pending=false]:not([data-n='0'])").wait_for()
    expect(tile(desk, "accuracy").locator(".detail")).to_contain_text("validation samples")
    expect(bar(desk, LAYER)).to_have_attribute("aria-valuenow", "50")
    desk.mouse.up()
    measured(desk)
    expect(tile(desk, "accuracy").locator(".status")).to_have_text("measured")


def test_linked_bars_move_as_one_and_say_why(desk):
    pull(desk, "conv1", 0.5)
    stands(desk, "layer1.0.conv2", 50)
    expect(said(desk, "why")).to_have_text("tied by the addition of layer1.0.conv2 and conv1")


def test_the_keyboard_moves_bars_and_goes_from_bar_to_bar(desk):
    bar(desk, OTHER).focus()
    for key, percent in (
        ("ArrowUp", 1),
        ("PageUp", 11),
        ("ArrowDown", 10),
        ("End", 100),
        ("PageDown", 90),
        ("Home", 0),
    ):
        desk.keyboard.press(key)
        stands(desk, OTHER, percent)
    desk.keyboard.press("ArrowRight")
    expect(bar(desk, "layer2.0.conv2")).to_be_focused()
    desk.keyboard.press("ArrowLeft")
    expect(bar(desk, OTHER)).to_be_focused()
    desk.keyboard.press("Enter")
    desk.keyboard.type("37.5")
    desk.keyboard.press("Enter")
    stands(desk, OTHER, 37.5)
    expect(bar(desk, OTHER)).to_be_focused()
    measured(desk)
    expect(bar(desk, OTHER)).to_have_attribute("aria-valuetext", "37.5 % sparsity, 20 of 32 channels kept")


def test_a_double_click_types_from_where_the_bar_stood(desk):
    pull(desk, LAYER, 0.25)
    stands(desk, LAYER, 25)
    bar(desk, LAYER).dblclick(position={"x": 20, "y": 40})
    typed = desk.get_by_label(f"Sparsity of {LAYER} in percent")
    expect(typed).to_have_value("25")
    typed.fill("60")
    typed.press("Enter")
    stands(desk, LAYER, 60)
    pull(desk, LAYER, 0.4)
    bar(desk, LAYER).press("Enter")
    expect(typed).to_have_value("40")  # not what stood there before the pull
    typed.press("Escape")
    stands(desk, LAYER, 40)


def test_undo_and_redo_by_key_and_by_button(desk):
    pull(desk, LAYER, 0.3)
    measured(desk)
    pull(desk, OTHER, 0.6)
    measured(desk)
    bar(desk, OTHER).press("Control+z")
    stands(desk, OTHER, 0)
    stands(desk, LAYER, 30)
    bar(desk, OTHER).press("Control+Shift+z")
    stands(desk, OTHER, 60)
    desk.get_by_role("button", name="Undo").click()
    stands(desk, OTHER, 0)


@pytest.mark.parametrize("place", ["the bar", "the page"])
def test_four_quick_presses_undo_four_steps_and_redo_them(desk, place):
    for percent in (20, 40, 60, 80):
        pull(desk, LAYER, percent / 100)
        measured(desk)
    if place == "the bar":
        bar(desk, LAYER).focus()
    else:
        desk.get_by_role("heading", name="Tune").click()
    for _ in range(3):
        desk.keyboard.press("Control+z")
    stands(desk, LAYER, 20)
    for _ in range(2):
        desk.keyboard.press("Control+y")
    desk.keyboard.press("Control+Shift+z")
    stands(desk, LAYER, 80)
    for _ in range(4):
        desk.keyboard.press("Control+z")
    stands(desk, LAYER, 0)


LOSE_UNDO = """() => {
    const send = WebSocket.prototype.send;
    window.lost = 0;
    WebSocket.prototype.send = function (message) {
        const isUndo = typeof message !== "string" && new TextDecoder().decode(message).includes('"undo"');
        if (isUndo && window.lost < 2) window.lost += 1;
        else send.call(this, message);
    };
}"""


def test_a_press_whose_message_is_lost_goes_out_again_and_counts_once(desk):
    for percent in (20, 40, 60):
        pull(desk, LAYER, percent / 100)
        measured(desk)
    desk.evaluate(LOSE_UNDO)
    bar(desk, LAYER).press("Control+z")
    stands(desk, LAYER, 40)
    assert desk.evaluate("window.lost") == 2
    bar(desk, LAYER).press("Control+z")
    stands(desk, LAYER, 20)


def test_an_undo_right_after_a_release_undoes_what_was_let_go_of(desk):
    pull(desk, LAYER, 0.3)
    measured(desk)
    pull(desk, LAYER, 0.7)
    desk.keyboard.press("Control+z")
    stands(desk, LAYER, 30)
    measured(desk)
    stands(desk, LAYER, 30)


def test_a_pinned_bar_stays_under_the_master_and_a_preset(desk):
    pull(desk, LAYER, 0.4)
    measured(desk)
    bar(desk, LAYER).press("p")
    expect(desk.get_by_role("button", name="Unpin")).to_be_visible()
    master = desk.get_by_label("All bars that are not pinned")
    master.focus()
    for _ in range(20):
        master.press("ArrowRight")
    stands(desk, LAYER, 40)
    expect(bar(desk, OTHER)).not_to_have_attribute("aria-valuenow", "0")
    measured(desk)
    desk.get_by_role("button", name="Preset").click()
    desk.get_by_role("button", name="Apply", exact=True).click()
    stands(desk, OTHER, 50)
    stands(desk, LAYER, 40)
    desk.keyboard.press("Escape")
    bar(desk, LAYER).press("p")
    expect(desk.get_by_role("button", name="Pin", exact=True)).to_be_visible()


def test_selected_bars_move_together(desk):
    bar(desk, LAYER).focus()
    desk.keyboard.press("Space")
    bar(desk, OTHER).focus()
    desk.keyboard.press("Space")
    desk.keyboard.press("PageUp")
    stands(desk, LAYER, 10)
    stands(desk, OTHER, 10)


def test_a_protected_bar_does_not_move_and_says_why(desk):
    pull(desk, "fc", 0.5)
    stands(desk, "fc", 0)
    expect(bar(desk, "fc")).to_have_attribute("aria-description", "Protected: network output")
    expect(said(desk, "layer")).to_contain_text("protected, network output")


def test_weights_mode_zeroes_and_says_that_nothing_got_smaller(desk):
    desk.get_by_role("radio", name="Weights").or_(desk.get_by_role("button", name="Weights", exact=True)).first.click()
    expect(bar(desk, "fc")).not_to_have_attribute("aria-disabled", "true")
    pull(desk, "fc", 0.5)
    expect(said(desk, "zeros")).to_contain_text("320 weights are zero")  # of 640
    measured(desk)
    expect(tile(desk, "params").locator(".detail")).to_have_text("77,754")
    expect(tile(desk, "nonzero")).to_contain_text("77.4 k")  # 77,754 − 320


def test_a_block_that_is_switched_off_is_counted_out_and_back_in(desk):
    desk.get_by_role("button", name="Blocks").click()
    switch = desk.get_by_text("Remove layer1.0").first
    switch.click()
    # two convolutions of 16·16·9 and two BatchNorms of 32
    expect(tile(desk, "params").locator(".detail")).to_have_text(f"{77_754 - 2 * 2304 - 64:,}")
    measured(desk)
    switch.click()
    expect(tile(desk, "params").locator(".detail")).to_have_text("77,754")


def test_a_reload_in_the_middle_of_a_drag_keeps_what_was_let_go(desk):
    pull(desk, LAYER, 0.3)
    measured(desk)
    grip(desk, OTHER)
    move(desk, OTHER, 0.5)
    desk.reload()
    ready(desk)
    stands(desk, LAYER, 30)
    stands(desk, OTHER, 0)


def test_two_tabs_with_two_tasks_do_not_disturb_each_other(desk):
    second = desk.context.new_page()
    second.goto("/?task=article")
    ready(second)
    pull(desk, LAYER, 0.5)
    second.locator(".bar:not(.protected)").first.press("PageUp")
    measured(desk)
    measured(second)
    stands(desk, LAYER, 50)
    expect(tile(second, "params").locator(".delta")).to_contain_text("−")
    second.close()


def test_weights_that_went_with_channels_are_neither_counted_nor_travelled(desk):
    pull(desk, LAYER, 0.75)
    measured(desk)
    desk.get_by_role("radio", name="Weights").click()
    expect(bar(desk, LAYER)).to_have_attribute("aria-valuetext", "75 % sparsity, 4608 of 18432 weights kept")
    bar(desk, LAYER).focus()
    expect(said(desk, "why")).to_have_text("13,824 of 18,432 weights went with the channels already cut")
    desk.keyboard.press("Home")
    stands(desk, LAYER, 75)
    desk.keyboard.press("End")
    desk.keyboard.press("PageDown")
    expect(bar(desk, LAYER)).to_have_attribute("aria-valuetext", "90 % sparsity, 1843 of 18432 weights kept")
    expect(said(desk, "zeros")).to_contain_text("2,765 weights are zero")
    measured(desk)
    desk.get_by_text("More", exact=True).click()
    expect(tile(desk, "nonzero")).to_be_visible()
    desk.get_by_role("radio", name="Channels").click()
