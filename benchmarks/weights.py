"""25 million weights on their way to the Weights page: a ResNet-50 with random weights, on one thread.

Goal: 2 s for the bins of all layers over one range, as the heatmap and the ridges draw them. Beside it numpy's own
histograms of the same layers and ranges, by turns in one run; the counts must come out alike.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from prunekit.figures.distributions import distributions
from prunekit.figures.ridgeline import ridgeline
from prunekit.graph import Structure, shrink, structure_of
from prunekit.look.distributions import histograms, widest
from prunekit.recipe import kept_units
from prunekit.records import Histogram
from tests.golden_nets import resnet50

R = TypeVar("R")

GOAL_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="two rounds instead of seven")
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = resnet50().eval()
    structure = structure_of(model, torch.zeros(1, 3, 224, 224))
    weights = [model.get_parameter(layer.weight).detach() for layer in structure.layers]
    halves = {group.name: range(kept_units(group.units, 0.5)) for group in structure.prunable}
    smaller = shrink(model, structure, halves)

    seconds: dict[str, list[float]] = {name: [] for name in ("dense", "cut", "numpy", "figures")}
    for _ in range(2 if options.quick else 7):
        found = timed(seconds["dense"], over_one_range, model, structure)
        timed(seconds["cut"], over_one_range, smaller, structure)
        expected = timed(seconds["numpy"], as_numpy_does, weights, found[0])
        timed(seconds["figures"], figures, found)
        for own, other in zip(found, expected, strict=True):
            moved = int(np.abs(other - own.counts).sum()) // 2
            if moved > own.n / 1000:  # single precision may put a weight on an edge on its other side
                sys.exit(f"{moved} of {own.n:,} weights of {own.layer} are in another bin than numpy's.")

    median = {name: statistics.median(values) for name, values in seconds.items()}
    result = {
        "weights": sum(weight.numel() for weight in weights),
        "layers": len(weights),
        "bins_s": round(median["dense"], 3),
        "goal_s": GOAL_S,
        "bins_half_cut_s": round(median["cut"], 3),
        "numpy_s": round(median["numpy"], 3),
        "ratio": round(median["numpy"] / median["dense"], 1),
        "figures_s": round(median["figures"], 3),
    }
    if options.json:
        print(json.dumps({"weights": result}))
    else:
        print(f"{result['weights']:,} weights in {result['layers']} layers, CPU time, medians:")
        print(f"  bins of all layers        {result['bins_s']:.2f} s   (goal {GOAL_S:.0f})")
        print(f"  numpy's histograms        {result['numpy_s']:.2f} s   ({result['ratio']} times as long)")
        print(f"  half of each group cut    {result['bins_half_cut_s']:.2f} s")
        print(f"  heatmap and ridges        {result['figures_s']:.2f} s   (once binned)")


def over_one_range(model: nn.Module, structure: Structure) -> tuple[Histogram, ...]:
    return histograms(model, structure, reach=widest(model, structure))


def as_numpy_does(weights: list[Tensor], like: Histogram) -> list[np.ndarray]:
    return [np.histogram(weight.numpy(), len(like.counts), (like.low, like.high))[0] for weight in weights]


def figures(found: tuple[Histogram, ...]) -> tuple[str, str]:
    return distributions(found).to_json(), ridgeline(found).to_json()


def timed(into: list[float], work: Callable[..., R], *given: object) -> R:
    begun = time.process_time()
    result = work(*given)
    into.append(time.process_time() - begun)
    return result


if __name__ == "__main__":
    main()
