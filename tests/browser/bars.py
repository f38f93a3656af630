"""How a person reaches the equalizer's bars, and reads what stands above them."""

import re

from playwright.sync_api import Locator, Page, expect


def bar(page: Page, layer: str) -> Locator:
    """The bar that cuts a layer; layers that are cut together share one, which has all their names."""
    return page.get_by_role("slider", name=re.compile(rf"(^|, ){re.escape(layer)}(, |$)"))


def stands(page: Page, layer: str, percent: float) -> None:
    """Wait until a bar stands at a height."""
    expect(bar(page, layer)).to_have_attribute("aria-valuenow", f"{percent:g}")


def tile(page: Page, name: str) -> Locator:
    """A reading by its short name: accuracy, params, macs, flops, bytes, latency, loss, kl, gzip, thop, nonzero."""
    return page.locator(f"[data-tile={name}]")


def said(page: Page, part: str) -> Locator:
    """A line of text below the bars: layer, why, zeros, error."""
    return page.locator(f"[data-part={part}]")


def pull(page: Page, layer: str, to: float, steps: int = 12) -> None:
    """Drag a bar with the mouse, from where it stands to a height (fraction 0–1), and let go."""
    grip(page, layer)
    move(page, layer, to, steps)
    page.mouse.up()


def grip(page: Page, layer: str) -> None:
    box = _box(page, layer)
    height = float(bar(page, layer).get_attribute("aria-valuenow")) / 100
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * (1 - height) - (2 if height == 0 else 0))
    page.mouse.down()


def move(page: Page, layer: str, to: float, steps: int = 12) -> None:
    box = _box(page, layer)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * (1 - to), steps=steps)


def measured(page: Page) -> None:
    """Wait until everything that can be measured of what the bars show has been."""
    page.locator(".desk[data-done=true][data-pending=false]").wait_for()


def ready(page: Page) -> None:
    """Wait until the desk has been measured and the charts below it are drawn."""
    measured(page)
    expect(page.get_by_test_id("stPlotlyChart").first).to_be_visible()


def _box(page: Page, layer: str) -> dict[str, float]:
    bar(page, layer).scroll_into_view_if_needed()
    found = bar(page, layer).bounding_box()
    assert found
    return found
