"""How often the 95 % interval of a scan's cell that stopped early holds the value on all samples.

Each seed draws another order of samples; the cells of one seed share it, so the coverage's own interval
comes from the spread between seeds. Answers of every network on all samples are computed once, and each
seed's scan reads its samples from them: only which samples are read differs between seeds.

Goals over at least 20 seeds: 94 % of the intervals of cells that stopped early hold the value on all
samples; at most 2 % of all cells are off by more than their half-width.
"""

import argparse
import json
import math
import statistics
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from prunekit import verbs
from prunekit.program.allocator import keep_freed_memory
from prunekit.program.outputs import finish
from prunekit.program.program import Program
from prunekit.records import Mode, Status
from prunekit.search.bench import Bench, bench
from prunekit.search.probe import chunks
from prunekit.search.question import Question
from prunekit.search.within import within


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=["resnet8", "resnet20", "vgg", "mobilenet"], help="bundled tasks")
    parser.add_argument("--kind", choices=["weights", "channels"], default="weights")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--within", type=float, default=1.0, help="half-width in points")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="resnet8 with 20 seeds")
    options = parser.parse_args()

    torch.set_num_threads(1)
    keep_freed_memory()
    tasks, seeds = (["resnet8"], 20) if options.quick else (options.tasks, options.seeds)
    rows = []
    for task in tasks:
        rows.append(count(task, Mode(options.kind), seeds, options.within / 100))
        if not options.json:
            print(line(rows[-1]), flush=True)
    if options.json:
        print(json.dumps({"calibration": {"rows": rows}}))


def count(name: str, mode: Mode, seeds: int, half_width: float) -> dict[str, Any]:
    opened = verbs.open_task(name)
    asked: Bench = finish(bench(Question(opened.task.model, opened.structure, opened.task.data.validation, mode=mode)))
    known = Known(asked)
    coverage, beyond, early, samples = [], [], 0, []
    for seed in range(seeds):
        asked.seed = seed
        points = [point for point in within(known.asked, half_width) if point is not None]
        held = stopped = off = 0
        for point in points:
            reading, truth = point.reading, known.value[point.name, point.level]
            half = half_width
            if reading.status is Status.ESTIMATED:
                assert reading.interval is not None, "an estimate has an interval"
                low, high = reading.interval
                stopped += 1
                held += low <= truth <= high
                half = (high - low) / 2
            off += abs(reading.value - truth) > half + 1e-12
            samples.append(reading.n if reading.status is not Status.INTERPOLATED else 0)
        early += stopped
        if stopped:
            coverage.append(held / stopped)
        beyond.append(off / len(points))
    return {
        "task": name,
        "kind": mode.value,
        "seeds": seeds,
        "stopped_early": early,
        "coverage": round(statistics.mean(coverage), 4),
        "coverage_interval": interval(coverage),
        "beyond_half_width": round(statistics.mean(beyond), 4),
        "beyond_interval": interval(beyond),
        "samples_saved": round(len(asked.split) / statistics.mean(samples), 2),
    }


class Known:
    """A question whose networks have all answered; its probe only looks the answers up."""

    def __init__(self, asked: Bench) -> None:
        self.asked, probe = asked, asked.probe
        batches = [probe.batch(part) for part in chunks(range(len(asked.split)))]
        answers: dict[tuple[str, int], Tensor] = {}
        self.value: dict[tuple[str, float], float] = {}
        for cell in asked.cells.at(asked.levels):
            key = cell.name, cell.kept
            if key not in answers:
                ready = asked.ready(cell)
                answers[key] = torch.cat([probe.answer(ready, batch) for batch in batches])
            self.value[cell.name, cell.level] = asked.read(answers[key], asked.split.targets, asked.logits).value
        vars(asked)["probe"] = LookUp(answers, probe.program)
        vars(asked)["ready"] = lambda cell: answers[cell.name, cell.kept]


class LookUp:
    """Answers of known networks on any samples, by the program that gave them."""

    def __init__(self, answers: Mapping[tuple[str, int], Tensor], program: Program) -> None:
        self.answers, self.program = answers, program

    def batch(self, positions: list[int]) -> "Positions":
        """Return which samples are read."""
        return Positions(positions)

    def rows(self, batches: list["Positions"], positions: list[int]) -> "Positions":
        """Return which samples are read."""
        return Positions(positions)

    def answer(self, ready: Tensor, batch: "Positions") -> Tensor:
        """Return a network's answers on them."""
        return ready[batch.positions]


class Positions:
    """Stands for a batch."""

    bytes = 0
    logits = None

    def __init__(self, positions: list[int]) -> None:
        self.positions = positions


def interval(shares: list[float]) -> list[float]:
    """Return the 95 % interval of a mean over seeds."""
    half = 1.96 * statistics.stdev(shares) / math.sqrt(len(shares))
    mean = statistics.mean(shares)
    return [round(mean - half, 4), round(mean + half, 4)]


def line(row: dict[str, Any]) -> str:
    low, high = row["coverage_interval"]
    return (
        f"{row['task']:<10} {row['kind']}: {row['coverage']:.1%} ({low:.1%} to {high:.1%}) of"
        f" {row['stopped_early']:,} intervals hold, over {row['seeds']} seeds; {row['beyond_half_width']:.1%} of the"
        f" cells are off by more than their half-width; {row['samples_saved']} times fewer samples"
    )


if __name__ == "__main__":
    main()
