"""Targets in, a measured recipe out, and the bars move to it."""

from playwright.sync_api import expect

from tests.browser.bars import bar, measured, ready, tile


def test_a_plan_is_asked_followed_and_put_on_the_desk(page):
    page.goto("/")
    ready(page)
    page.get_by_role("button", name="Plan").click()
    question = page.get_by_test_id("stPopoverBody")
    question.get_by_label("MACs left, %").fill("50")
    question.get_by_label("MACs left, %").press("Enter")
    expect(question).to_contain_text("Measures at most 159 networks: 54 points of the scan")
    question.get_by_role("button", name="Plan").click()
    expect(question).to_be_hidden()
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Cancel")
    stop.click()
    expect(page.get_by_text("What was finished is kept")).to_be_visible()

    page.get_by_role("button", name="Plan").click()
    expect(question.get_by_label("MACs left, %")).to_have_value("50")
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Sensitivity").click()  # the question is open: one click
    expect(page.get_by_role("heading", name="Sensitivity")).to_be_visible()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Tune").click()

    page.get_by_role("button", name="Plan").click()
    expect(question.get_by_label("MACs left, %")).to_have_value("50")
    question.get_by_role("button", name="Plan").click()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Sensitivity").click()  # the plan goes on
    expect(page.get_by_role("heading", name="Sensitivity")).to_be_visible()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Tune").click()
    expect(page.get_by_text("selected on this split")).to_be_visible(timeout=300_000)
    page.get_by_role("button", name="Put on the desk").first.click()
    expect(page.get_by_role("button", name="On the desk", exact=True)).to_be_disabled()
    measured(page)
    moved = [bar(page, name).get_attribute("aria-valuenow") for name in ("layer1.0.conv1", "layer3.0.conv1")]
    assert any(float(value) > 0 for value in moved)
    expect(tile(page, "macs")).to_contain_text("−5")  # half, and at most a unit's worth more
    page.get_by_role("button", name="Undo").click()
    expect(tile(page, "macs")).to_contain_text("2.55 M")
