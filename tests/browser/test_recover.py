from playwright.sync_api import expect

from tests.browser.bars import measured, pull, ready


def test_the_time_a_recovery_will_take_is_announced_without_a_move(page):
    page.goto("/")
    ready(page)
    pull(page, "layer3.0.conv1", 0.4)
    measured(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Recover").click()
    expect(page.get_by_text("Will take about")).to_be_visible()
    page.get_by_role("radiogroup", name="Distillation").get_by_text("90 %").click()
    expect(page.get_by_text("Timing a few steps")).to_be_visible()
    expect(page.get_by_text("Will take about")).to_be_visible()


def test_what_stands_in_a_row_stands_on_a_line(page):
    page.goto("/")
    ready(page)
    pull(page, "layer3.0.conv1", 0.4)
    measured(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Recover").click()
    expect(page.get_by_text("Will take about")).to_be_visible()
    choices = page.get_by_role("radiogroup").filter(has_not_text="Reconstruct")
    field = page.get_by_test_id("stNumberInputContainer")
    button = page.get_by_test_id("stButton").get_by_role("button", name="Fine-tune")
    rows: dict[int, set[tuple[int, int]]] = {}
    for part in (*choices.all(), field, button):
        box = part.bounding_box()
        assert box
        top, bottom = round(box["y"]), round(box["y"] + box["height"])
        rows.setdefault(bottom, set()).add((top, bottom))
    assert len(rows) == 3
    assert all(len(boxes) == 1 for boxes in rows.values())
