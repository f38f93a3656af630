"""The sensitivity scan beside the naive loop, which evaluates every cut network in full, from the input.

Both sides run on one thread with the same allocator settings, in turns, and CPU time is compared. The
naive loop runs at its own best batch size. For ``channels`` it really makes the smaller network, never a
masked one. BatchNorm keeps its statistics on both sides. Checked: every prediction of the exact scan is
the naive loop's, except samples whose two largest logits lie closer than 1e-4, which are counted.

With ``--workers N`` the wall clock of an exact scan is measured instead: N processes of one thread, their start
included, beside the naive loop with torch's default threads. That needs a machine with nothing else to do.

Goals, CPU-time ratios: exact weights resnet20 3, vgg 3.5, mobilenet 5.5, vit 2.4 in single precision;
exact channels resnet20 2.4, vgg 3; anytime to 1 point 8; the picture of 16 samples 90. Wall clock of two
workers on weights, at the best precision of the processor: resnet20 and vgg 6, mobilenet 8.
"""

import argparse
import json
import random
import resource
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from prunekit import verbs
from prunekit.cut.pruned import prune
from prunekit.engine.points import points
from prunekit.program.allocator import keep_freed_memory
from prunekit.program.forward import at_rest
from prunekit.program.outputs import finish
from prunekit.program.program import layout
from prunekit.records import Mode, Status
from prunekit.search.bench import Bench, bench
from prunekit.search.cells import Cell
from prunekit.search.exact import exact, picture
from prunekit.search.question import Question
from prunekit.search.within import within
from prunekit.tasks.task import Task

SIZES = (32, 64, 125, 250)
CLOSE = 1e-4
GOALS = {
    ("weights", "exact"): {"resnet20": 3.0, "vgg": 3.5, "mobilenet": 5.5, "vit": 2.4},
    ("channels", "exact"): {"resnet20": 2.4, "vgg": 3.0},
    ("weights", "anytime"): {"resnet20": 8.0, "vgg": 8.0, "mobilenet": 8.0},
    ("weights", "picture"): {"resnet20": 90.0, "vgg": 90.0, "mobilenet": 90.0},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=["resnet20", "vgg", "mobilenet", "vit"], help="bundled tasks")
    parser.add_argument("--kind", choices=["weights", "channels"], help="only this kind (default: both)")
    parser.add_argument("--share", type=float, default=0.1, help="share of the cells that the naive loop runs")
    parser.add_argument("--samples", type=int, default=1000, help="validation samples")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="resnet8 on 250 samples")
    parser.add_argument("--workers", type=int, help="measure the wall clock of this many processes")
    options = parser.parse_args()

    default = torch.get_num_threads()
    torch.set_num_threads(1)
    kept = keep_freed_memory()
    if options.quick:
        options.tasks, options.samples = ["resnet8"], 250
    rows = []
    for task in options.tasks:
        for kind in [options.kind] if options.kind else ["weights", "channels"]:
            if options.workers:
                rows.append(clock(task, Mode(kind), options.samples, options.workers, default))
            else:
                rows.append(compare(task, Mode(kind), options.samples, options.share))
            if not options.json:
                print("\n".join(lines(rows[-1])), flush=True)
    settings = {"torch": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability(), "threads": 1}
    settings["freed memory kept on both sides"] = kept
    print(json.dumps({"scan": {"settings": settings, "rows": rows}}) if options.json else f"settings: {settings}")


def compare(name: str, mode: Mode, samples: int, share: float) -> dict[str, Any]:
    opened = verbs.open_task(name)
    task, structure = opened.task, opened.structure
    begun = time.process_time()
    asked: Bench = finish(bench(Question(task.model, structure, task.data.validation.head(samples), mode=mode)))
    prepare = time.process_time() - begun
    cells = distinct(asked)
    chosen = random.Random(0).sample(cells, max(4, round(share * len(cells))))
    batch = best_batch(task, samples)

    # In turns: what the naive loop takes for a cell is read between stretches of the scan.
    naive: dict[Cell, tuple[float, Tensor]] = {}
    waiting = list(chosen)

    def take_turn() -> None:
        if waiting:
            cell = waiting.pop()
            begun = time.process_time()
            model = prune(task.model, structure, cell.recipe).model
            naive[cell] = 0.0, run(model, asked, batch)
            naive[cell] = time.process_time() - begun, naive[cell][1]

    stages: dict[str, float] = {}
    cells_of: dict[str, list[Any]] = {}
    answers: dict[Cell, Tensor] = {}
    for stage, steps in (
        ("picture", picture(asked, samples=16)),
        ("anytime", within(asked, 0.01)),
        ("exact", exact(asked)),
    ):
        spent, found = 0.0, []
        every = max(1, len(cells) // max(1, len(chosen) // 3))
        while True:
            begun = time.process_time()
            step = next(steps, "end")
            spent += time.process_time() - begun
            if step == "end":
                break
            if step is not None:
                found.append(step)
                if len(found) % every == 0:
                    take_turn()
        stages[stage], cells_of[stage] = spent, found
    while waiting:
        take_turn()
    for cell in chosen:
        answers[cell] = torch.cat([asked.probe.answer(asked.ready(cell), asked.probe.batch(p)) for p in parts(samples)])
    per_cell = sum(seconds for seconds, _ in naive.values()) / len(naive)
    whole = per_cell * len(cells)
    close, differ = disagreements([(answers[cell], naive[cell][1]) for cell in chosen])
    exact_values = {(p.name, p.level): p.reading.value for p in cells_of["exact"]}
    beyond, sampled, held = honesty(cells_of["anytime"], exact_values)
    first = asked.probe.batch(next(iter(parts(samples))))
    goals = {stage: GOALS.get((mode.value, stage), {}).get(name) for stage in stages}
    return {
        "task": name,
        "kind": mode.value,
        "backend": asked.probe.program.backend,
        "samples": samples,
        "cells": len(cells),
        "naive_cells_run": len(chosen),
        "naive_batch": batch,
        "naive_s": round(whole, 2),
        "prepare_s": round(prepare, 2),
        **{f"{stage}_s": round(seconds, 2) for stage, seconds in stages.items()},
        "exact_ratio": round(whole / (stages["exact"] + prepare), 2),
        "anytime_ratio": round(whole / (stages["anytime"] + prepare), 2),
        "picture_ratio": round(whole / stages["picture"], 1),
        "goals": goals,
        "predictions": samples * len(chosen),
        "differing": differ,
        "differing_close": close,
        "anytime_beyond_half_width": beyond,
        "anytime_cells": len(cells_of["anytime"]),
        "anytime_sampled": sampled,
        "anytime_held": held,
        "bytes_per_batch": first.bytes,
        "bytes_limit": asked.question.memory,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def clock(name: str, mode: Mode, samples: int, workers: int, threads: int) -> dict[str, Any]:
    """Time an exact scan in processes by the wall clock, and a few of the naive loop's networks."""
    opened = verbs.open_task(name)
    task, split = opened.task, opened.task.data.validation.head(samples)
    torch.set_num_threads(threads)
    begun = time.perf_counter()
    asked: Bench = finish(bench(Question(task.model, opened.structure, split, mode=mode)))
    first = None
    for point in points(asked, workers=workers):
        if point is not None and first is None:
            first = time.perf_counter() - begun
    seconds = time.perf_counter() - begun
    cells = distinct(asked)
    batch, naive = best_batch(task, samples), []
    for cell in random.Random(0).sample(cells, 4):
        begun = time.perf_counter()
        run(prune(task.model, opened.structure, cell.recipe).model, asked, batch)
        naive.append(time.perf_counter() - begun)
    torch.set_num_threads(1)
    whole = sum(naive) / len(naive) * len(cells)
    return {
        "task": name,
        "kind": mode.value,
        "workers": workers,
        "naive_threads": threads,
        "naive_batch": batch,
        "cells": len(cells),
        "first_point_wall_s": round(first or 0.0, 2),
        "exact_wall_s": round(seconds, 2),
        "naive_wall_s": round(whole, 2),
        "exact_wall_ratio": round(whole / seconds, 2),
    }


def distinct(asked: Bench) -> list[Cell]:
    """Return one cell for each network: of few units, several levels keep the same, which nobody measures twice."""
    return list({(cell.name, cell.kept): cell for cell in asked.cells.at(asked.levels)}.values())


def parts(samples: int) -> list[list[int]]:
    return [list(range(i, min(i + 125, samples))) for i in range(0, samples, 125)]


def best_batch(task: Task, samples: int) -> int:
    """Return the batch size at which the dense network takes the least CPU time for one sample."""
    inputs, seconds = layout(task.data.validation.inputs[:samples]), dict[int, float]()
    with at_rest(task.model):
        for size in SIZES * 3:
            size = min(size, samples)
            begun = time.process_time()
            for start in range(0, min(250, samples) // size * size, size):
                task.model(inputs[start : start + size])
            taken = (time.process_time() - begun) / (min(250, samples) // size * size)
            seconds[size] = min(taken, seconds.get(size, taken))
    return min(seconds, key=lambda size: seconds[size])


def run(model: nn.Module, asked: Bench, batch: int) -> Tensor:
    inputs = asked.split.inputs
    with at_rest(model):
        return torch.cat([model(layout(inputs[i : i + batch])) for i in range(0, len(inputs), batch)])


def disagreements(pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[int, int]:
    """Count other predictions: where the naive loop's two largest logits are close, and where they are not."""
    close = apart = 0
    for ours, naive in pairs:
        other = ours.argmax(1) != naive.argmax(1)
        top = naive.topk(2, dim=1).values
        narrow = (top[:, 0] - top[:, 1]) < CLOSE
        close += int((other & narrow).sum())
        apart += int((other & ~narrow).sum())
    return close, apart


def honesty(points: Sequence[Any], exact_values: dict[tuple[str, float], float]) -> tuple[int, int, int]:
    """Count cells off by more than their half-width, cells that stopped early, and those whose interval holds."""
    beyond = sampled = held = 0
    for point in points:
        truth, reading = exact_values[point.name, point.level], point.reading
        half = (reading.interval[1] - reading.interval[0]) / 2 if reading.status is Status.ESTIMATED else 0.01
        beyond += abs(reading.value - truth) > half + 1e-12
        if reading.status is Status.ESTIMATED:
            sampled += 1
            held += reading.interval[0] <= truth <= reading.interval[1]
    return beyond, sampled, held


def lines(row: dict[str, Any]) -> list[str]:
    if "workers" in row:
        return [
            f"{row['task']} {row['kind']}, wall clock: {row['cells']} networks in {row['exact_wall_s']} s by"
            f" {row['workers']} processes (first point after {row['first_point_wall_s']} s), naive"
            f" {row['naive_wall_s']} s with {row['naive_threads']} threads at batch {row['naive_batch']}:"
            f" ×{row['exact_wall_ratio']}"
        ]

    def ratio(stage: str) -> str:
        goal = row["goals"][stage]
        return f"{stage} ×{row[f'{stage}_ratio']}" + (f" (goal {goal:g})" if goal else "")

    return [
        f"{row['task']} {row['kind']}: {row['cells']} networks × {row['samples']} samples, back end {row['backend']}",
        f"  naive {row['naive_s']} s at batch {row['naive_batch']} ({row['naive_cells_run']} cells run);"
        f" prepare {row['prepare_s']} s, exact {row['exact_s']} s, anytime {row['anytime_s']} s,"
        f" picture {row['picture_s']} s",
        f"  {ratio('exact')}, {ratio('anytime')}, {ratio('picture')}",
        f"  predictions that differ: {row['differing']} of {row['predictions']:,},"
        f" and {row['differing_close']} with a gap below {CLOSE:g}",
        f"  anytime: {row['anytime_beyond_half_width']} of {row['anytime_cells']} cells off by more than their"
        f" half-width; {row['anytime_held']} of {row['anytime_sampled']} intervals hold",
        f"  memory: {row['bytes_per_batch'] / 1e6:.0f} MB a batch of at most 125, limit"
        f" {row['bytes_limit'] / 1e6:.0f} MB; peak {row['peak_mb']} MB",
    ]


if __name__ == "__main__":
    main()
