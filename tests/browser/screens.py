"""Where the parts of the desk stand on screens of the usual sizes."""

from playwright.sync_api import Page, expect

SCREENS = {"1024x768": (1024, 768, 240), "1280x720": (1280, 720, 260), "1500x900": (1500, 900, 480)}
"""Width and height in px, and how high the bars are at least."""


def shows_its_desk(page: Page, screen: str) -> None:
    """Expect readings, bars and, from 1280 px on, the panel of the layer in focus on the first screen."""
    width, height, bars = SCREENS[screen]
    page.set_viewport_size({"width": width, "height": height})
    # The measures are taken once the page has been laid out anew: the sidebar and the bars move a little.
    page.wait_for_function("width => document.documentElement.clientWidth === width", arg=width)
    strip, bar = box(page, ".desk .strip"), box(page, ".desk .bar:visible")
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    assert strip["y"] >= 0
    assert strip["height"] < 60
    assert strip["y"] + strip["height"] <= bar["y"]
    assert bar["height"] >= bars
    assert bar["y"] + bar["height"] <= height
    if width >= 1280:
        panel = box(page, ".desk .panel")
        assert panel["y"] + panel["height"] <= height
        if width >= 1500:
            assert panel["x"] >= bar["x"] + bar["width"]
            assert panel["y"] < bar["y"] + bar["height"]
        else:
            assert panel["y"] >= bar["y"] + bar["height"]  # below them
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    narrowest = min(each["width"] for each in boxes(page, ".desk .column:visible"))
    assert narrowest >= 24


def box(page: Page, selector: str) -> dict[str, float]:
    return boxes(page, selector)[0]


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    return [found for found in (each.bounding_box() for each in page.locator(selector).all()) if found]
