"""Everything the article names, held to its goals: cut, recovered, quantised, without blocks, without training.

Recipes (``benchmarks/recipes``) are the planner's, vgg's with exchanges between layers that were judged after four
epochs of recovery; they were found on validation data, as were the schedules. What is printed is the test split.
Each loss is the mean over recovery seeds, with every seed beside it and the 95 % interval of the difference from the
dense network, paired by sample.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from prunekit import verbs
from prunekit.export.formats.int8 import CALIBRATION, write_int8
from prunekit.export.formats.onnx import write_onnx
from prunekit.export.onnx_network import OnnxNetwork
from prunekit.measure.evaluate import logits
from prunekit.quantize.preset import inner_layers
from prunekit.recipe import Recipe
from prunekit.records import Latency, Run
from prunekit.recover.schedule import Schedule
from prunekit.subject.subject import resolve
from prunekit.tasks.task import Split
from prunekit.timing.latency import latency

RECIPES = Path(__file__).with_name("recipes")
SEEDS = range(5)
HURT = 10.0
"""Points that the uniform cut loses at least, where recovery without training is asked for."""


@dataclass(frozen=True)
class Goal:
    """One line of the table: a task, what is asked of it, how it is trained, and the points that may be lost."""

    name: str
    task: str
    bound: float
    recipe: dict[str, Any] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)


def planned(task: str) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads((RECIPES / f"{task}.json").read_text())
    return asked


TRAINED = Schedule(epochs=5, distil=0.9, batch=16)
LONG = replace(TRAINED, epochs=10, batch=64)
HARD = Schedule(epochs=30, lr=1.6e-2, distil=0.3, batch=32)
"""Of a strong cut less is left to follow, so that labels and a high learning rate say more than the dense network."""
FEW_BITS = replace(LONG, batch=32)
SHORTENED = ["layer1.2", "layer2.2", "layer3.1"]
"""Of all threes of ResNet-20's blocks, those without which validation samples are answered most like before."""

GOALS = (
    Goal("resnet20 −50 %", "resnet20", 1.0, planned("resnet20"), TRAINED),
    Goal("vgg −80 %", "vgg", 2.0, planned("vgg"), HARD),
    Goal("mobilenet −50 %", "mobilenet", 2.0, planned("mobilenet"), TRAINED),
    Goal("vit −40 %", "vit", 2.0, planned("vit"), TRAINED),
    Goal("article −80 %", "article", 1.0, planned("article"), LONG),
    Goal("resnet20, 3 of 9 blocks", "resnet20", 2.0, {"blocks": SHORTENED}, TRAINED),
    Goal("resnet20 ternary", "resnet20", 5.0, {"bits": 2}, FEW_BITS),
    Goal("resnet20 binary", "resnet20", 5.0, {"bits": 1}, FEW_BITS),
)
QUICK = (
    Goal("resnet8 −40 %", "resnet8", 2.0, {"channels": {"layer3.0.conv1": 0.5}}, Schedule(epochs=1)),
    Goal("resnet8 ternary", "resnet8", 5.0, {"bits": 2}, Schedule(epochs=1)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="resnet8, one seed, one epoch")
    parser.add_argument("--only", action="append", default=[], help="lines whose name holds this; repeat for several")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="recovery seeds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    goals = QUICK if options.quick else GOALS
    seeds = range(1 if options.quick else options.seeds)
    chosen = [goal for goal in goals if not options.only or any(word in goal.name for word in options.only)]
    rows, files = [], []
    if chosen and not options.json:
        print(HEADER)
    with tempfile.TemporaryDirectory() as workspace:
        for goal in chosen:
            row, runs = recovered(goal, seeds, workspace)
            rows.append(row)
            if not options.json:
                print(line(row), flush=True)
            if goal.name in ("resnet20 −50 %", QUICK[0].name):
                files.append(int8(goal, runs, workspace))
                if not options.json:
                    print(int8_line(files[-1]), flush=True)
        free = [untrained(task, workspace) for task in tasks_without_training(options)]
        if not options.json:
            for row in free:
                print(untrained_line(row))
    if options.json:
        print(json.dumps({"compression": {"recovered": rows, "int8": files, "untrained": free}}))


def tasks_without_training(options: argparse.Namespace) -> tuple[str, ...]:
    if options.only and "untrained" not in options.only:
        return ()
    return ("resnet8",) if options.quick else ("resnet20", "vgg")


def recovered(goal: Goal, seeds: Iterable[int], workspace: str) -> tuple[dict[str, Any], list[Run]]:
    """Recover with every seed and read the test split."""
    opened = verbs.open_task(goal.task, workspace)
    asked = dict(goal.recipe)
    if isinstance(asked.get("bits"), int):
        asked["bits"] = dict.fromkeys(inner_layers(opened.structure), asked["bits"])
    recipe = verbs.check(opened, Recipe.from_json(asked))
    split = measured_on(opened)
    dense = hits(opened.task.model, split)
    start = recipe
    if recipe.channels:  # the fit knows no seed, so that once is enough
        fitted = verbs.last(verbs.reconstruct(opened, recipe))
        assert isinstance(fitted, Run)
        start = replace(recipe, base=fitted.id)
    runs: list[Run] = []
    right: list[Tensor] = []
    for seed in seeds:
        run = verbs.last(verbs.recover(opened, start, schedule=replace(goal.schedule, seed=seed)))
        assert isinstance(run, Run)
        runs.append(run)
        right.append(hits(resolve(opened, replace(recipe, base=run.id)).pruned.model, split))
    lost, half = paired(dense, torch.stack(right).mean(0))
    whole, cost = opened.structure.cost({}), runs[0].cost
    timed = verbs.last(verbs.latency(opened, replace(recipe, base=runs[0].id)))
    row = {
        "name": goal.name,
        "epochs": goal.schedule.epochs,
        "dense": points(dense),
        "lost": lost,
        "interval": [round(lost - half, 2), round(lost + half, 2)],
        "seeds": [round(points(dense) - points(values), 2) for values in right],
        "bound": goal.bound,
        "macs": round(cost.macs / whole.macs, 4),
        "bytes": round(cost.bytes / whole.bytes, 4),
        "memory": share_of_memory(timed),
        "speedup": round(timed.speedup, 2),
        "speedup_interval": [round(bound, 2) for bound in timed.interval],
    }
    return row, runs


def share_of_memory(timed: Latency) -> float | None:
    """Return a network's peak memory as a share of the dense one's, where the system tells."""
    own, dense = timed.candidate.memory, timed.dense.memory
    return round(own / dense, 4) if own and dense else None


def int8(goal: Goal, runs: Sequence[Run], workspace: str) -> dict[str, Any]:
    """Quantise recovered networks for ONNX Runtime and hold them against the dense network's fp32 file."""
    opened = verbs.open_task(goal.task, workspace)
    split, train = measured_on(opened), opened.train_split
    assert train is not None
    folder = Path(workspace) / "onnx"
    folder.mkdir(exist_ok=True)
    dense, few = folder / "dense.onnx", folder / "int8.onnx"
    write_onnx(opened.task.model, opened.task.example, dense)
    lost, single = [], folder / "fp32.onnx"
    for run in runs:
        model = resolve(opened, verbs.recipe_of(run)).pruned.model
        write_onnx(model, opened.task.example, single)
        write_int8(single, train.inputs[:CALIBRATION], few)
        lost.append(points(hits(model, split)) - points(hits(OnnxNetwork(few, 1), split)))
    timed = verbs.last(latency(OnnxNetwork(dense, 1), OnnxNetwork(few, 1), split.inputs[:1]))
    unquantised = verbs.last(latency(OnnxNetwork(dense, 1), OnnxNetwork(single, 1), split.inputs[:1]))
    return {
        "name": f"{goal.name}, int8",
        "lost_more": round(statistics.mean(lost), 2),
        "seeds": [round(value, 2) for value in lost],
        "file": round(few.stat().st_size / dense.stat().st_size, 4),
        "tensors": round(tensor_bytes(few) / tensor_bytes(dense), 4),
        "memory": share_of_memory(timed),
        "speedup": round(timed.speedup, 2),
        "speedup_interval": [round(bound, 2) for bound in timed.interval],
        "speedup_fp32": round(unquantised.speedup, 2),
        "vnni": has_vnni(),
    }


def untrained(task: str, workspace: str) -> dict[str, Any]:
    """Recover the mildest uniform L2 cut that loses 10 points without training: recalibrated, and reconstructed."""
    opened = verbs.open_task(task, workspace)
    validation, split = opened.task.data.validation, measured_on(opened)
    whole = points(hits(opened.task.model, validation))
    for percent in range(5, 95, 5):
        recipe = verbs.check(opened, verbs.preset(opened, "uniform", percent / 100))
        network = resolve(opened, recipe).network
        raw = network.raw or network.pruned.model
        if whole - points(hits(raw, validation)) >= HURT:
            break
    run = verbs.last(verbs.reconstruct(opened, recipe))
    assert isinstance(run, Run)
    fitted = resolve(opened, replace(recipe, base=run.id)).pruned.model
    dense, cut, again, fit = (points(hits(m, split)) for m in (opened.task.model, raw, network.pruned.model, fitted))
    return {
        "name": f"{task} uniform {percent} %",
        "dense": dense,
        "cut": cut,
        "recalibrated": again,
        "reconstructed": fit,
        "share_back": round((max(again, fit) - cut) / (dense - cut), 2),
    }


def tensor_bytes(path: Path) -> int:
    """Count what an ONNX file's tensors hold, without the graph around them."""
    return sum(numpy_helper.to_array(tensor).nbytes for tensor in onnx.load(path).graph.initializer)


def has_vnni() -> bool:
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def measured_on(opened: verbs.Opened) -> Split:
    assert opened.task.data.test is not None, "every bundled task has a test split"
    return opened.task.data.test


def hits(model: nn.Module, split: Split) -> Tensor:
    return (logits(model, split).argmax(1) == split.targets).double()


def points(values: Tensor) -> float:
    return round(100 * float(values.mean()), 2)


def paired(before: Tensor, after: Tensor) -> tuple[float, float]:
    """Return the mean loss in points and half its 95 % interval, paired by sample."""
    difference = before - after
    return points(difference), 196 * float((difference.var() / len(difference)).sqrt())


HEADER = (
    f"{'':<24} {'epochs':>6} {'dense':>6} {'loses':>6} {'95 % interval':>16} {'goal':>5} {'MACs':>6} {'bytes':>6}"
    f" {'memory':>6} {'faster':>6}  each seed loses"
)


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def line(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    interval = f"{low:+.2f} to {high:+.2f}"
    return (
        f"{row['name']:<24} {row['epochs']:>6} {row['dense']:>6.1f} {row['lost']:>+6.2f} {interval:>16}"
        f" {row['bound']:>5g} {row['macs']:>6.1%} {row['bytes']:>6.1%} {percent(row['memory']):>6}"
        f" {row['speedup']:>6.2f}  " + " ".join(f"{lost:+.1f}" for lost in row["seeds"])
    )


def int8_line(row: dict[str, Any]) -> str:
    low, high = row["speedup_interval"]
    seeds = " ".join(f"{lost:+.1f}" for lost in row["seeds"])
    return (
        f"{row['name']}: loses {row['lost_more']:+.2f} more (goal 0.5; seeds {seeds}); file {row['file']:.1%} of the"
        f" dense fp32 file (goal 20 %), tensors {row['tensors']:.1%} (goal 13.3 %), peak memory"
        f" {percent(row['memory'])}; {row['speedup']:.2f} times as fast as the dense network in ONNX Runtime fp32"
        f" ({low:.2f} to {high:.2f}; the cut alone {row['speedup_fp32']:.2f}; goal 2 with VNNI, which is"
        f" {'here' if row['vnni'] else 'not here'})"
    )


def untrained_line(row: dict[str, Any]) -> str:
    return (
        f"{row['name']:<26} dense {row['dense']:.1f}, cut {row['cut']:.1f}, recalibrated {row['recalibrated']:.1f},"
        f" reconstructed {row['reconstructed']:.1f}: {row['share_back']:.0%} of the loss is back (goal 50 %)"
    )


if __name__ == "__main__":
    main()
