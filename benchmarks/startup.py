"""From ``streamlit run app.py`` to a page that answers, in a real Chromium that is already open.

Goals on a quiet machine with two cores: first paint 1.5 s, bars and counts 4 s, measured accuracy of resnet8 5 s.
An app of one title and one button is started by turns in the same run: what Streamlit and the browser take by
themselves on this machine.
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
EMPTY_APP = {
    "app.py": 'import streamlit as st\n\napp = st.App("page.py")\n',
    "page.py": 'import streamlit as st\n\nst.title("Tune")\nst.button("Nothing")\n',
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

    medians = {mark: round(statistics.median(r[mark] for r in runs), 2) for mark in (EMPTY, *MARKS)}
    rows = [{"mark": mark, "median_s": seconds, "goal_s": GOALS.get(mark)} for mark, seconds in medians.items()]
    if options.json:
        print(json.dumps({"startup": rows, "runs": len(runs)}))
        return
    print(f"seconds from the command, median of {len(runs)}")
    for mark, seconds in medians.items():
        goal = GOALS.get(mark)
        verdict = "" if goal is None else f"{'within' if seconds <= goal else 'OVER'} the goal of {goal}"
        print(f"{mark:<20} {seconds:5.2f}   {seconds / medians[EMPTY]:.2f} × {EMPTY}   {verdict}")


if __name__ == "__main__":
    main()
