"""From a first picture to a cut on the desk, with a click on what looks robust."""

from playwright.sync_api import expect

from tests.browser.charts import chart, press


def test_a_picture_is_drawn_a_row_clicked_and_what_it_suggests_put_on_the_desk(page):
    page.goto("/sensitivity")
    page.get_by_text("First picture", exact=True).click()
    page.get_by_role("button", name="Scan 54 cuts").click()
    expect(page.get_by_text("All 54 cuts are measured at this precision")).to_be_visible()
    page.get_by_text("Colour by").scroll_into_view_if_needed()  # what is far below the window is not painted
    heatmap = chart(page, "How far can each layer be cut alone?")
    marks = heatmap.locator(".scatterlayer .trace").first.locator("path.point")
    expect(marks).to_have_count(6)
    expect(chart(page, "How far can conv1 be cut?")).to_be_visible()
    press(page, marks.nth(2))
    expect(chart(page, "How far can layer2.0.conv1 be cut?")).to_be_visible()
    expect(chart(page, "Which weights of layer2.0.conv1 go, and which stay?")).to_be_visible()
    page.get_by_role("button", name="Put on the desk").click()
    expect(page.get_by_role("button", name="On the desk", exact=True)).to_be_disabled()
