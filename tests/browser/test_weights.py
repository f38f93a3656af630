"""What a person does on the Weights page: looks at all layers, picks one, and decides on single units by hand."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.charts import chart, press
from tests.browser.conftest import settled

DENSE = "77.8 k"
# One of 16 units of conv1 and layer1.0.conv2, which are added: 3·9 and 16·9 weights in and twice a scale and a
# shift, and 16·9, 32·9 and 32 weights that read it; 77,754 − 639 are left.
WITHOUT_ONE = "77.1 k"


def parameters(page: Page) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text="Parameters")


@pytest.fixture
def weights(page):
    page.goto("/weights")
    expect(chart(page, "How much of each layer's output is zero?")).to_be_visible()
    expect(parameters(page)).to_contain_text(DENSE)
    expect(page.get_by_test_id("stMetric").filter(has_text="Accuracy")).to_contain_text("measured")
    return page


def test_a_click_drops_a_unit_counts_follow_and_another_click_lets_it_go(weights):
    lowest = chart(weights, "Which units of conv1 go first?").locator(".barlayer .point").first
    press(weights, lowest)
    expect(parameters(weights)).to_contain_text(WITHOUT_ONE)
    expect(weights.get_by_text("15 of 16 units stay, 1 dropped by hand.")).to_be_visible()
    expect(weights.get_by_test_id("stMetric").filter(has_text="Accuracy")).to_contain_text("measured")
    press(weights, chart(weights, "Which units of conv1 go first?").locator(".barlayer .point").first)
    expect(parameters(weights)).to_contain_text(DENSE)
    expect(weights.get_by_text("16 of 16 units stay.")).to_be_visible()


def test_the_first_kernel_of_all_can_be_clicked_and_undo_brings_it_back(weights):
    press(weights, chart(weights, "What do the kernels of conv1 look for?").locator(".scatterlayer .point").first)
    expect(parameters(weights)).to_contain_text(WITHOUT_ONE)
    settled(weights)  # until the script ends, the list as it was stands beside the new one
    expect(weights.get_by_test_id("stMultiSelect").filter(has_text="Always drop")).to_contain_text("unit 0")
    weights.get_by_role("button", name="Undo").click()
    expect(parameters(weights)).to_contain_text(DENSE)


def test_the_keyboard_drops_a_unit_as_well(weights):
    box = weights.get_by_role("combobox", name="Always drop")
    box.focus()
    weights.keyboard.type("unit 7")
    weights.keyboard.press("Enter")
    expect(parameters(weights)).to_contain_text(WITHOUT_ONE)
    settled(weights)
    weights.get_by_role("button", name="Undo").click()
    expect(parameters(weights)).to_contain_text(DENSE)


def test_a_click_before_a_row_opens_that_layer(weights):
    press(weights, chart(weights, "Where do the weights of every layer lie?").locator(".scatterlayer .point").nth(3))
    expect(chart(weights, "Which weights of layer2.0.conv1 go, and which stay?")).to_be_visible()
    press(weights, chart(weights, "Where do the weights of every layer lie?").locator(".scatterlayer .point").first)
    expect(chart(weights, "Which weights of conv1 go, and which stay?")).to_be_visible()
