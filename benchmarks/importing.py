"""How long ``import prunekit`` takes beside ``import torch``, each in a fresh process, by turns in one run.

Goal: under a tenth, whatever the machine. What is left of an empty interpreter's start is taken off both.
"""

import argparse
import statistics
import subprocess
import sys
import time

LINES = {"nothing": "pass", "prunekit": "import prunekit", "torch": "import torch"}
GOAL = 0.1


def seconds(line: str) -> float:
    """Time one fresh interpreter that runs a line."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", line], check=True)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    for line in LINES.values():
        seconds(line)  # the files are then in the system's cache
    taken = [{name: seconds(line) for name, line in LINES.items()} for _ in range(rounds)]
    median = {name: statistics.median(turn[name] for turn in taken) for name in LINES}
    for name, value in median.items():
        print(f"{name:<9} {1000 * value:7.1f} ms")
    share = (median["prunekit"] - median["nothing"]) / (median["torch"] - median["nothing"])
    print(f"import prunekit takes {share:.1%} of import torch; the goal is under {GOAL:.0%}")


if __name__ == "__main__":
    main()
