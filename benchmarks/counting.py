"""One cost evaluation of ResNet-50 at 224×224: the closed formulas beside re-counting a shrunk copy with thop.

Goal: 50 µs for one recipe. Both count the same random recipes, by turns in one run; parameters must come out equal.
"""

import argparse
import json
import random
import statistics
import sys
import time

import torch

from prunekit.graph import shrink, structure_of
from prunekit.measure.thop_count import thop_macs
from prunekit.recipe import kept_units
from tests.golden_nets import resnet50

GOAL_US = 50.0
CALLS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="three recipes instead of eleven")
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = random.Random(0)
    model, example = resnet50().eval(), torch.zeros(1, 3, 224, 224)
    begun = time.perf_counter()
    structure = structure_of(model, example)
    analysis = time.perf_counter() - begun

    formula, recount = [], []
    for _ in range(3 if options.quick else 11):
        kept = {group.name: kept_units(group.units, rng.uniform(0.1, 0.9)) for group in structure.prunable}

        begun = time.perf_counter()
        for _ in range(CALLS):
            cost = structure.cost(kept)
        formula.append((time.perf_counter() - begun) / CALLS)

        begun = time.perf_counter()
        smaller = shrink(model, structure, {name: range(n) for name, n in kept.items()})
        thop_macs(smaller, example)
        recount.append(time.perf_counter() - begun)

        counted = sum(parameter.numel() for parameter in smaller.parameters())
        if cost.params != counted:
            sys.exit(f"The formula counts {cost.params:,} parameters, the shrunk copy has {counted:,}.")

    microseconds, seconds = statistics.median(formula) * 1e6, statistics.median(recount)
    result = {
        "formula_us": round(microseconds, 1),
        "goal_us": GOAL_US,
        "thop_recount_s": round(seconds, 3),
        "ratio": round(seconds * 1e6 / microseconds),
        "analysis_s": round(analysis, 2),
        "groups": len(structure.prunable),
        "recipes": len(formula),
    }
    if options.json:
        print(json.dumps({"counting": result}))
    else:
        print(f"ResNet-50, 224×224, {result['groups']} groups, analysed once in {result['analysis_s']} s; medians:")
        print(f"  closed formulas      {result['formula_us']:>10.1f} µs   (goal {GOAL_US:.0f})")
        print(f"  shrink and thop      {seconds * 1e6:>10,.0f} µs   ({result['ratio']:,} times as long)")


if __name__ == "__main__":
    main()
