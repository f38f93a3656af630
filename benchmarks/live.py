"""A bar under a hand, beside a full evaluation of each of its states.

The full side makes the smaller network, estimates its BatchNorm statistics and runs all samples, by the
modules' own forward passes. The live side asks the desk's own question. Both run on one thread with the
same allocator settings, in turns, and CPU time is compared; a bar's first state, which has nothing to
resume from, is reported apart. Checked: both sides' predictions, except samples whose two largest logits
lie closer than 1e-4, which are counted.

Goals, CPU-time ratios: exact on all samples 2 at the second bar, 5 in the middle, 20 near the end; first
100 samples 20 (15 at the first bar).
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from prunekit import verbs
from prunekit.cut.pruned import prune
from prunekit.measure import evaluate as measuring
from prunekit.program.allocator import keep_freed_memory
from prunekit.program.outputs import finish
from prunekit.recipe import Recipe
from prunekit.recover.recalibrate import recalibrate
from prunekit.subject.live import memory, way_of
from prunekit.subject.scores import scores_of
from prunekit.subject.subject import resolve

CLOSE = 1e-4
GOALS = {"first": (1.0, 15.0), "second": (2.0, 20.0), "middle": (5.0, 20.0), "end": (20.0, 20.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=["resnet20", "vgg", "mobilenet"], help="bundled tasks")
    parser.add_argument("--states", type=int, default=4, help="states of each bar")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="resnet8, two states of each bar")
    options = parser.parse_args()
    if options.quick:
        options.tasks, options.states = ["resnet8"], 2
    torch.set_num_threads(1)
    kept = keep_freed_memory()
    rows = []
    for task in options.tasks:
        for row in compare(task, options.states):
            rows.append(row)
            if not options.json:
                print(line(row), flush=True)
    found = {"rows": rows, "keeps_freed_memory": kept, "memory_limit": memory().limit, "torch": torch.__version__}
    if options.json:
        print(json.dumps(found, indent=2))


def compare(task: str, states: int) -> Iterator[dict[str, Any]]:
    """Move four bars of a task, in both modes and with statistics estimated anew or not."""
    with TemporaryDirectory() as folder:
        opened = verbs.open_task(task, Path(folder))
        reason = way_of(opened).reason
        assert not reason, reason
        verbs.last(verbs.evaluate(opened, Recipe(task=task)))
        groups = [group.name for group in opened.structure.prunable]
        layers = [layer.name for layer in opened.structure.layers if not layer.protected or layer.op != "norm"]
        for mode, names in (("channels", groups), ("weights", layers)):
            bars = {"first": names[0], "second": names[1], "middle": names[len(names) // 2], "end": names[-1]}
            for recalibrated in (True, False):
                for place, name in bars.items():
                    row = {"task": task, "mode": mode, "place": place, "bar": name, "recalibrate": recalibrated}
                    yield {**row, **measure(opened, mode, name, recalibrated, states)}


def measure(opened: verbs.Opened, mode: str, name: str, recalibrated: bool, states: int) -> dict[str, Any]:
    """Time the states of one bar on both sides in turns, and compare their predictions."""
    full: list[float] = []
    first: list[float] = []
    exact: list[float] = []
    differ = close = 0
    for state in range(states + 1):
        share = {name: 0.2 + 0.6 * state / states}
        recipe = Recipe.from_json({"task": opened.task.name, "recalibrate": recalibrated, mode: share})
        start = time.process_time()
        for evaluation in verbs.evaluate_steps(opened, recipe):
            if evaluation is not None and len(first) < state + 1:
                first.append(time.process_time() - start)
            if evaluation is not None and evaluation.reading.n == len(opened.task.data.validation):
                break
        exact.append(time.process_time() - start)
        start = time.process_time()
        wanted = naive(opened, recipe)
        full.append(time.process_time() - start)
        found = answers(opened, recipe)
        margins = wanted.topk(2, 1).values
        is_close = (margins[:, 0] - margins[:, 1]) < CLOSE
        differ += int(((found.argmax(1) != wanted.argmax(1)) & ~is_close).sum())
        close += int(is_close.sum())
    whole = statistics.median(full)
    return {
        "full_ms": 1000 * whole,
        "exact_ms": 1000 * statistics.median(exact[1:]),
        "first_ms": 1000 * statistics.median(first[1:]),
        "exact": whole / statistics.median(exact[1:]),
        "first": whole / statistics.median(first[1:]),
        "exact_at_first_touch": full[0] / exact[0],
        "first_at_first_touch": full[0] / first[0],
        "different_predictions": differ,
        "close_calls": close,
    }


def naive(opened: verbs.Opened, recipe: Recipe) -> Tensor:
    """Make the network a recipe asks for and run all validation samples through it."""
    scores = scores_of(opened, None, recipe.criterion, recipe.seed) if recipe.channels else None
    model = prune(opened.task.model, opened.structure, recipe, scores=scores).model
    if recipe.recalibrate and opened.train_split is not None:
        model = recalibrate(model, opened.train_split)
    return measuring.logits(model, opened.task.data.validation)


def answers(opened: verbs.Opened, recipe: Recipe) -> Tensor:
    """Return the logits that the live reading was made from, which are remembered."""
    subject, live = resolve(opened, recipe), way_of(opened).live
    assert live is not None
    tensors = subject.state.tensors
    if subject.recalibrates:
        statistics: dict[str, Tensor] = finish(live.statistics(tensors, subject.state.kept))
        tensors = {**tensors, **statistics}
    logits: Tensor = subject.quick_outputs("validation", opened.task.data.validation, tensors)[:]
    return logits


def line(row: dict[str, Any]) -> str:
    """Say in one line what a bar gained."""
    exact, first = GOALS[row["place"]]
    calibrated = "recalibrated" if row["recalibrate"] else "as it was"
    return (
        f"{row['task']:<10} {row['mode']:<8} {row['place']:<6} {row['bar']:<18} {calibrated:<12} "
        f"full {row['full_ms']:5.0f} ms, exact {row['exact_ms']:5.0f} ms x{row['exact']:5.1f} (goal {exact:g}), "
        f"first 100 {row['first_ms']:4.0f} ms x{row['first']:5.1f} (goal {first:g}); "
        f"first touch x{row['exact_at_first_touch']:.1f}, x{row['first_at_first_touch']:.1f}; "
        f"{row['different_predictions']} predictions differ, {row['close_calls']} close"
    )


if __name__ == "__main__":
    main()
