"""How a person reaches the marks of a chart and the rows of a table."""

from playwright.sync_api import Locator, Page

from tests.browser.conftest import settled

# The middle of the mark that bears a name, in pixels of the window, by the chart's own scales.
MIDDLE = """(plot, name) => {
    const { xaxis, yaxis } = plot._fullLayout;
    const { left, top } = plot.getBoundingClientRect();
    for (const { customdata, x, y } of plot._fullData) {
        const index = (customdata ?? []).indexOf(name);
        if (index >= 0) return [left + xaxis._offset + xaxis.d2p(x[index]), top + yaxis._offset + yaxis.d2p(y[index])];
    }
}"""


def chart(page: Page, question: str) -> Locator:
    """The chart that asks a question."""
    return page.get_by_test_id("stPlotlyChart").filter(has_text=question)


def press(page: Page, drawn: Locator) -> None:
    """Click the middle of something drawn; plotly's own layer lies above it, so the mouse has to go there."""
    settled(page)
    drawn.scroll_into_view_if_needed()
    box = drawn.bounding_box()
    assert box
    _click(page, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def press_mark(page: Page, question: str, name: str) -> None:
    """Click the mark of a chart with points that stands for a name."""
    settled(page)
    plot = chart(page, question).locator(".js-plotly-plot")
    plot.scroll_into_view_if_needed()
    _click(page, *plot.evaluate(MIDDLE, name))


def _click(page: Page, x: float, y: float) -> None:
    page.mouse.move(x - 2, y - 2)  # plotly selects what the mouse was seen to hover over
    page.mouse.move(x, y, steps=3)
    page.mouse.click(x, y)
