"""How a person reaches the equalizer's bars."""

from playwright.sync_api import Locator, Page, expect


def bar(page: Page, layer: str) -> Locator:
    return page.get_by_role("slider", name=layer, exact=True)


def said(page: Page, part: str) -> Locator:
    """A line of the readout below the bars."""
    return page.locator(f"[data-part={part}]")


def pull(page: Page, layer: str, to: float, steps: int = 12) -> None:
    """Drag a bar with the mouse, from where it stands to a height (fraction 0–1), and let go."""
    grip(page, layer)
    move(page, layer, to, steps)
    page.mouse.up()


def grip(page: Page, layer: str) -> None:
    box = _box(page, layer)
    stands = float(bar(page, layer).get_attribute("aria-valuenow")) / 100
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * (1 - stands) - (2 if stands == 0 else 0))
    page.mouse.down()


def move(page: Page, layer: str, to: float, steps: int = 12) -> None:
    box = _box(page, layer)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * (1 - to), steps=steps)


def measured(page: Page) -> None:
    """Wait until the accuracy below the bars is the exact one of what they show."""
    expect(said(page, "status")).to_have_text("measured")


def ready(page: Page) -> None:
    """Wait until the desk has been measured and the charts below it are drawn."""
    measured(page)
    expect(page.get_by_test_id("stMetric").filter(has_text="MACs (thop)")).to_contain_text("measured")
    expect(page.get_by_test_id("stPlotlyChart").first).to_be_visible()


def _box(page: Page, layer: str) -> dict[str, float]:
    bar(page, layer).scroll_into_view_if_needed()
    found = bar(page, layer).bounding_box()
    assert found
    return found
