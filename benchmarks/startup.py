"""From ``streamlit run app.py`` to a page that answers, in a real Chromium that is already open.

Goals on a quiet machine with two cores: first paint 1.5 s, bars and counts 4 s, measured accuracy of resnet8 5 s.
They were set on a machine where an empty page, one title and one button with torch imported beside it in a thread,
takes 1.2 s. That page is started by turns in the same run, so that every figure also stands as a multiple of it,
beside the multiple that its goal is.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools import browser as chromium
from tools.app_server import ROOT, serving

GOALS = {"first paint": 1.5, "bars and counts": 4.0, "measured accuracy": 5.0}
MARKS = {
    "first paint": "h1:has-text('Tune')",
    "bars and counts": "[data-tile=params] >> text=77.8 k",
    "measured accuracy": "[data-tile=accuracy]:has-text('of 1,000') >> text=measured",
}
EMPTY = "an empty page"
EMPTY_GOAL = 1.2  # seconds: what it took where the goals were set
EMPTY_APP = {
    "app.py": """import threading
from contextlib import asynccontextmanager

import streamlit as st


@asynccontextmanager
async def lifespan(app):
    threading.Thread(target=__import__, args=("torch",), daemon=True).start()
    yield


app = st.App("page.py", lifespan=lifespan)
""",
    "page.py": "import streamlit as st\n\nst.title('Tune')\nst.button('Nothing')\n",
}


def start_once(browser: Browser, root: Path, marks: dict[str, str]) -> dict[str, float]:
    """Start an app and visit it once; return seconds from the command to each mark."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with serving(Path(folder) / "workspace", Path(folder) / "log", root) as address:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address, wait_until="commit")
            seconds = {}
            for name, selector in marks.items():
                page.locator(selector).first.wait_for(timeout=60_000)
                seconds[name] = time.perf_counter() - begun
            page.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="start once instead of five times")
    options = parser.parse_args()

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        empty = Path(folder)
        for name, text in EMPTY_APP.items():
            (empty / name).write_text(text)
        browser = playwright.chromium.launch(executable_path=chromium.provide(), args=["--no-sandbox", "--disable-gpu"])
        runs = []
        for _ in range(1 if options.quick else 5):
            runs.append(start_once(browser, empty, {EMPTY: MARKS["first paint"]}))
            runs[-1].update(start_once(browser, ROOT, MARKS))
        browser.close()

    medians = {mark: statistics.median(run[mark] for run in runs) for mark in (EMPTY, *MARKS)}
    rows = [
        {
            "mark": mark,
            "median_s": round(seconds, 2),
            "goal_s": GOALS.get(mark),
            "times_empty": round(seconds / medians[EMPTY], 2),
            "goal_times_empty": round(GOALS.get(mark, EMPTY_GOAL) / EMPTY_GOAL, 2),
        }
        for mark, seconds in medians.items()
    ]
    if options.json:
        print(json.dumps({"startup": rows, "runs": len(runs)}))
        return
    print(f"from the command, median of {len(runs)}        seconds   goal   × {EMPTY}   goal")
    for row in rows:
        absolute = f"{row['median_s']:7.2f} {row['goal_s'] or '':>6}"
        print(f"{row['mark']:<36} {absolute} {row['times_empty']:16.2f} {row['goal_times_empty']:6.2f}")


if __name__ == "__main__":
    main()
