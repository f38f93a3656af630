"""From ``streamlit run app.py`` to a page that answers, in a real Chromium that is already open.

Goals on a quiet machine with two cores: first paint 1.5 s, bars and counts 4 s, measured accuracy of resnet8 5 s.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools import browser as chromium
from tools.app_server import serving

GOALS = {"first paint": 1.5, "bars and counts": 4.0, "measured accuracy": 5.0}
MARKS = {
    "first paint": "h1:has-text('Tune')",
    "bars and counts": "[data-testid=stApp]:has([data-testid=stMetric]:has-text('Parameters')) >> role=slider",
    "measured accuracy": "[data-testid=stMetric]:has-text('Accuracy'):has-text('measured')",
}


def start_once(browser: Browser) -> dict[str, float]:
    """Start the app and visit it once; return seconds from the command to each mark."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with serving(Path(folder) / "workspace", Path(folder) / "log") as address:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address, wait_until="commit")
            seconds = {}
            for name, selector in MARKS.items():
                page.locator(selector).first.wait_for(timeout=60_000)
                seconds[name] = time.perf_counter() - begun
            page.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="start once instead of five times")
    options = parser.parse_args()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.provide(), args=["--no-sandbox", "--disable-gpu"])
        runs = [start_once(browser) for _ in range(1 if options.quick else 5)]
        browser.close()

    rows = [
        {
            "mark": mark,
            "median_s": round(statistics.median(r[mark] for r in runs), 2),
            "goal_s": goal,
            "runs": len(runs),
        }
        for mark, goal in GOALS.items()
    ]
    if options.json:
        print(json.dumps({"startup": rows}))
        return
    print(f"seconds from the command, median of {len(runs)}")
    for row in rows:
        verdict = "within" if row["median_s"] <= row["goal_s"] else "OVER"
        print(f"{row['mark']:<20} {row['median_s']:5.2f}   {verdict} the goal of {row['goal_s']}")


if __name__ == "__main__":
    main()
