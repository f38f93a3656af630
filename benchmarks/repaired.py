"""Which number of a cut foretells its accuracy after training: as cut, or repaired?

Ten recipes of one task that leave half of its MACs: uniform, global magnitude, and eight whose sparsities are drawn for
each group. Each network is measured as cut (recalibrated), repaired (the layers behind the cut fitted by least squares,
without training) and after a short recovery, all on the validation split. Printed is the rank correlation (Spearman)
of both with the accuracy after the recovery, and what the repair takes beside a recovery, in CPU seconds.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from time import process_time
from typing import Any

import numpy as np
import torch

from prunekit import verbs
from prunekit.criteria.agreement import spearman
from prunekit.recipe import Recipe
from prunekit.records import Reading, Run
from prunekit.recover.schedule import Schedule

TASKS = ("resnet20", "mobilenet")
DRAWN = 8
LEFT = 0.5
STEPS = 12
"""Halvings of the interval in which a recipe's strength is looked for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=TASKS, help="bundled tasks (default: resnet20 mobilenet)")
    parser.add_argument("--epochs", type=int, default=3, help="length of the recovery (default: 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="resnet8 with four recipes and one epoch only")
    options = parser.parse_args()

    torch.set_num_threads(1)
    tasks, drawn, epochs = (("resnet8",), 2, 1) if options.quick else (options.tasks, DRAWN, options.epochs)
    results = {}
    with tempfile.TemporaryDirectory() as workspace:
        for task in tasks:
            opened = verbs.open_task(task, workspace)
            rows = [row(opened, name, recipe, epochs) for name, recipe in recipes(opened, drawn)]
            numbers = {
                name: np.array([row[name] for row in rows], np.float64) for name in ("as_cut", "repaired", "after")
            }
            agreement = {name: spearman(numbers[name], numbers["after"]) for name in ("as_cut", "repaired")}
            share = sum(row["repair_s"] for row in rows) / sum(row["recovery_s"] for row in rows)
            results[task] = {"rows": rows, **agreement, "repair_of_recovery": round(share, 3)}
            if not options.json:
                show(task, results[task])
    if options.json:
        print(json.dumps({"repaired": results}))


def recipes(opened: verbs.Opened, drawn: int) -> Iterator[tuple[str, Recipe]]:
    """Yield recipes that leave half of the MACs, the strength of each found by halving."""
    groups = opened.structure.prunable
    for name in ("uniform", "global"):
        yield name, strongest(opened, lambda share, name=name: verbs.preset(opened, name, share))
    draw = np.random.default_rng(0)
    for index in range(drawn):
        leaning = draw.uniform(0.2, 1.0, len(groups))
        yield (
            f"drawn {index}",
            strongest(
                opened,
                lambda share, leaning=leaning: Recipe(
                    channels={g.name: min(0.9, 2 * share * w) for g, w in zip(groups, leaning, strict=True)}
                ),
            ),
        )


def strongest(opened: verbs.Opened, make: Any) -> Recipe:
    """Return the mildest recipe of a kind that leaves half of the MACs at most."""
    whole, low, high = opened.structure.cost({}).macs, 0.0, 0.95
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if verbs.cost(opened, make(middle)).macs <= LEFT * whole else (middle, high)
    recipe: Recipe = make(high)
    return recipe


def row(opened: verbs.Opened, name: str, recipe: Recipe, epochs: int) -> dict[str, Any]:
    """Measure one recipe three times."""
    as_cut = verbs.last(verbs.evaluate(opened, recipe))
    begun = process_time()
    repaired = verbs.last(verbs.repair(opened, recipe))
    between = process_time()
    run = verbs.last(verbs.recover(opened, recipe, schedule=Schedule(epochs=epochs)))
    assert isinstance(repaired, Reading)
    assert isinstance(run, Run)
    return {
        "recipe": name,
        "macs": as_cut.cost.macs / opened.structure.cost({}).macs,
        "as_cut": 100 * as_cut.reading.value,
        "repaired": 100 * repaired.value,
        "after": 100 * run.readings[0].value,
        "repair_s": round(between - begun, 2),
        "recovery_s": round(process_time() - between, 2),
    }


def show(task: str, result: dict[str, Any]) -> None:
    print(f"{task:<12} {'MACs':>6} {'as cut':>7} {'repaired':>9} {'after':>6}")
    for line in result["rows"]:
        print(
            f"  {line['recipe']:<10} {100 * line['macs']:5.1f}% {line['as_cut']:6.1f}% {line['repaired']:8.1f}%"
            f" {line['after']:5.1f}%"
        )
    print(
        f"  rank correlation with the accuracy after training: as cut {result['as_cut']:.2f}, repaired"
        f" {result['repaired']:.2f}; a repair takes {100 * result['repair_of_recovery']:.1f} % of that training's time",
        flush=True,
    )


if __name__ == "__main__":
    main()
