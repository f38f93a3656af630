"""``make fuzz``: thousands of almost good files for every way in, and a table of what came of them.

Each way in has a process of its own, so that the memory it took at most is its own. An input that raises anything but a
refusal is a fault; its seed is printed, and the command ends with 1.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from prunekit.errors import PrunekitError
from prunekit.foreign.refused import Refused
from tests.fuzz.branches import Branches
from tests.fuzz.openers import OPENERS, silent

CHEAP, DEAR = 2_000, 200
WATCHED = 4
"""Of one in so many inputs the branches are watched; how long the others take is measured."""


def tried(name: str, count: int, start: int) -> dict[str, Any]:
    """Open so many almost good files, and return what came of them."""
    opener, branches = OPENERS[name], Branches(OPENERS[name].modules)
    for content in opener.seeds():
        with branches.watched():
            opener.open(content)
    before, counts, faults = _memory(), {"tried": 0, "refused": 0, "opened": 0}, []
    longest = 0.0

    @seed(start)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck]
    )
    @given(st.integers(0, 2**64))
    def one(number: int) -> None:
        nonlocal longest
        content = opener.mutated(Random(number))
        begun, result = time.process_time(), "opened"
        try:
            if counts["tried"] % WATCHED == 0:
                with branches.watched():
                    opener.open(content)
            else:
                opener.open(content)
        except (Refused, PrunekitError) as refused:
            result = "refused"
            if "\n" in str(refused):
                faults.append(f"{number}: {refused}")
        except Exception as error:  # nobody foresaw it
            faults.append(f"{number}: {type(error).__name__}: {error}"[:200])
            result = ""
        if counts["tried"] % WATCHED:
            longest = max(longest, time.process_time() - begun)
        counts["tried"] += 1
        if result:
            counts[result] += 1

    with silent():
        one()
    more = {"faults": faults, "memory": _memory() - before, "longest": longest, "branches": branches.share}
    return {**counts, **more}


def _memory() -> int:
    """Return the most megabytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> int:
    """Try every way in, or the one that is named, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", choices=OPENERS, help="one way in, answered as JSON")
    parser.add_argument("--cheap", type=int, default=CHEAP, help="inputs of each way in that takes little")
    parser.add_argument("--dear", type=int, default=DEAR, help="inputs of each that takes long")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.name:
        count = options.dear if OPENERS[options.name].dear else options.cheap
        print(json.dumps(tried(options.name, count, options.seed)))
        return 0
    names = ("opener", "tried", "refused", "opened", "faults", "MB", "seconds", "branches")
    print("{:20} {:>6} {:>8} {:>7} {:>7} {:>5} {:>8} {:>9}".format(*names))
    ended_well = True
    for name in OPENERS:
        counts = ["--cheap", str(options.cheap), "--dear", str(options.dear), "--seed", str(options.seed)]
        command = [sys.executable, "-m", "tests.fuzz.report", name, *counts]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if answer.returncode:
            print(f"{name:20} ended with {answer.returncode}")
            ended_well = False
            continue
        found = json.loads(answer.stdout.splitlines()[-1])
        numbers = [found[key] for key in ("tried", "refused", "opened")]
        print(
            f"{name:20} {numbers[0]:6,} {numbers[1]:8,} {numbers[2]:7,} {len(found['faults']):7,} {found['memory']:5,} "
            f"{found['longest']:8.2f} {found['branches']:9.0%}",
            flush=True,
        )
        for fault in found["faults"][:5]:
            print(f"    {fault}")
        ended_well &= not found["faults"]
    return 0 if ended_well else 1


if __name__ == "__main__":
    sys.exit(main())
