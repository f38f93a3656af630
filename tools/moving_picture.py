"""The README's moving picture: a drag on the desk, taken from a real browser.

``python -m tools.moving_picture`` writes ``docs/drag.gif``.
"""

import io
import math
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, Page, sync_playwright

from tools.app_server import ROOT, serving
from tools.browser import provide

OUTPUT = ROOT / "docs" / "drag.gif"
SIZE = {"width": 1360, "height": 1150}
SCALE = 0.66
FRAME = 90  # ms
COLORS = 96
LIMIT = 2_000_000  # bytes
PULLS = (("layer3.0.conv1", 0.7), ("layer2.0.conv1", 0.5), ("layer3.0.conv2", 0.45))
STEPS, REST = 14, 8


def main() -> None:
    """Take the picture.

    Raises:
        SystemExit: the picture is larger than a README should load.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=provide(), args=["--no-sandbox", "--disable-gpu"])
        with serving(Path(folder) / "workspace", Path(folder) / "log") as address:
            page = chromium.new_page(viewport=SIZE)  # type: ignore[arg-type]  # a plain dict of the two sizes
            _scan(page, address)
            frames = list(_drag(page))
        chromium.close()
    pictures = [_small(frame) for frame in frames]
    OUTPUT.parent.mkdir(exist_ok=True)
    pictures[0].save(OUTPUT, save_all=True, append_images=pictures[1:], duration=FRAME, loop=0, optimize=True)
    if OUTPUT.stat().st_size > LIMIT:
        raise SystemExit(f"{OUTPUT} has {OUTPUT.stat().st_size:,} bytes, more than {LIMIT:,}; take fewer frames.")


def _scan(page: Page, address: str) -> None:
    """Measure the sensitivity first, so that the bars are shaded."""
    page.goto(f"{address}/sensitivity")
    page.get_by_role("button", name="Scan").first.click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_role("button", name="Cancel").wait_for(state="detached", timeout=180_000)
    page.goto(address)
    page.get_by_role("button", name="Got it").click()
    page.get_by_role("button", name="Close", exact=True).click()
    _measured(page)


def _drag(page: Page) -> list[bytes]:
    frames: list[bytes] = []
    desk = page.locator(".desk")
    found = desk.bounding_box()
    assert found
    clip = FloatRect(x=found["x"] - 8, y=found["y"] - 8, width=found["width"] + 16, height=found["height"] + 16)

    def shoot() -> None:
        frames.append(page.screenshot(clip=clip))

    for layer, height in PULLS:
        bar = page.get_by_role("slider", name=layer, exact=True)
        box = bar.bounding_box()
        assert box
        x, bottom = box["x"] + box["width"] / 2, box["y"] + box["height"]
        page.mouse.move(x, bottom - 2)
        page.mouse.down()
        for step in range(1, STEPS + 1):
            eased = height * (1 - math.cos(math.pi * step / STEPS)) / 2
            page.mouse.move(x, bottom - eased * box["height"])
            page.locator(".desk[data-pending=false]").wait_for()
            shoot()
        page.mouse.up()
        _measured(page)
        for _ in range(REST):
            shoot()
    return frames


def _measured(page: Page) -> None:
    page.locator(".desk[data-done=true][data-pending=false]").wait_for()


def _small(frame: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(frame)).convert("RGB")
    size = round(picture.width * SCALE), round(picture.height * SCALE)
    return picture.resize(size, Image.Resampling.LANCZOS).quantize(COLORS)


if __name__ == "__main__":
    main()
