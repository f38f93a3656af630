"""The planner's curve-based plan beside the better of uniform and global magnitude, on the test split.

For every bundled task at 40, 50, 60 and 70 % of the MACs removed: the plan is chosen on validation
among what the harm curves make (never the baselines); the baselines are the presets as they are, at
the lowest sparsity that removes as much, and the one that does better on test counts. All networks
are recalibrated, none is fine-tuned. Goal: on average 3 points better where the baseline loses 10 or
more, and nowhere worse by more than the paired 95 % interval.
"""

import argparse
import json
import math
import statistics
import tempfile
import time
from typing import Any

import torch
from torch import Tensor, nn

from prunekit import verbs
from prunekit.measure.evaluate import logits
from prunekit.recipe import Recipe
from prunekit.records import Candidate
from prunekit.subject.subject import resolve
from prunekit.tasks.task import Split

REMOVED = (0.4, 0.5, 0.6, 0.7)
BASELINES = ("uniform", "global")
GOAL, HURT = 3.0, 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=verbs.task_names(), help="bundled tasks (default: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="resnet8 with half of the MACs only")
    options = parser.parse_args()

    torch.set_num_threads(1)
    tasks, shares = (("resnet8",), (0.5,)) if options.quick else (options.tasks, REMOVED)
    rows = []
    if not options.json:
        print(f"{'':32}{'uniform':^15}{'global':^15}{'plan':^15}  gain, paired interval")
        print(f"{'task':<10} {'removed':>7} {'dense':>6}       " + f"{'MACs':>7} {'test':>6} " * 3)
    with tempfile.TemporaryDirectory() as workspace:
        for task in tasks:
            opened = verbs.open_task(task, workspace)
            for removed in shares:
                rows.append(compare(opened, removed))
                if not options.json:
                    print(line(rows[-1]), flush=True)
    hurt = [row["gain"] for row in rows if row["dense"] - row["baseline"] >= HURT]
    result = {
        "rows": rows,
        "mean_gain_where_hurt": round(statistics.mean(hurt), 2) if hurt else None,
        "cells_where_hurt": len(hurt),
        "goal": GOAL,
        "significantly_worse": sum(row["interval"][1] < 0 for row in rows),
    }
    if options.json:
        print(json.dumps({"planner": result}))
    else:
        print(
            f"Mean gain where the baseline loses {HURT:g} points or more: {result['mean_gain_where_hurt']} points"
            f" in {len(hurt)} of {len(rows)} cells (goal {GOAL:g});"
            f" worse by more than the interval: {result['significantly_worse']}."
        )


def compare(opened: verbs.Opened, removed: float) -> dict[str, Any]:
    split, whole, share = opened.task.data.test, opened.structure.cost({}).macs, round(1 - removed, 9)
    begun = time.perf_counter()
    *found, _ = [r for r in verbs.plan(opened, {"macs": share}) if isinstance(r, Candidate)]
    seconds = time.perf_counter() - begun
    own = max((c for c in found if c.name not in BASELINES), key=lambda c: (c.reading.value, -c.reading.loss))
    chosen = {**{name: mildest(opened, name, share * whole) for name in BASELINES}, "plan": own.recipe}
    right = {name: hits(resolve(opened, recipe).pruned.model, split) for name, recipe in chosen.items()}
    best = max(BASELINES, key=lambda name: float(right[name].mean()))
    gain, half = paired(right["plan"], right[best])
    return {
        "task": opened.task.name,
        "removed": removed,
        "dense": points(hits(opened.task.model, split)),
        "macs": {name: round(verbs.cost(opened, recipe).macs / whole, 4) for name, recipe in chosen.items()},
        "test": {name: points(values) for name, values in right.items()},
        "baseline": points(right[best]),
        "plan_by": own.name,
        "gain": gain,
        "interval": [round(gain - half, 2), round(gain + half, 2)],
        "seconds": round(seconds, 1),
    }


def mildest(opened: verbs.Opened, name: str, macs: float) -> Recipe:
    """Return the preset at the lowest sparsity that leaves at most so many MACs."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        fits = verbs.cost(opened, verbs.preset(opened, name, middle)).macs <= macs
        low, high = (low, middle) if fits else (middle, high)
    return verbs.preset(opened, name, high)


def hits(model: nn.Module, split: Split | None) -> Tensor:
    assert split is not None, "every bundled task has a test split"
    return (logits(model, split).argmax(1) == split.targets).double()


def points(values: Tensor) -> float:
    return round(100 * float(values.mean()), 2)


def paired(ours: Tensor, theirs: Tensor) -> tuple[float, float]:
    """Return the mean difference in points and half its 95 % interval, from the samples that differ."""
    difference = ours - theirs
    spread = float(difference.var(correction=1)) / len(difference)
    return round(100 * float(difference.mean()), 2), 100 * 1.96 * math.sqrt(spread)


def line(row: dict[str, Any]) -> str:
    cells = "".join(f"{row['macs'][n]:>7.1%} {row['test'][n]:>6.1f} " for n in (*BASELINES, "plan"))
    low, high = row["interval"]
    return (
        f"{row['task']:<10} {row['removed']:>7.0%} {row['dense']:>6.1f}       {cells}"
        f" {row['gain']:>+6.1f} ({low:+.1f} to {high:+.1f})  by {row['plan_by']}, {row['seconds']:.0f} s"
    )


if __name__ == "__main__":
    main()
