"""The history on the command line: its runs, two of them side by side, and what the clock says of a recipe.

Each function returns the answer as JSON values and the same as lines of text.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prunekit.recipe import Recipe
    from prunekit.records import Comparison, Evaluation, Latency, Node

Told = tuple[dict[str, Any], Iterator[str]]

DENSE = "dense"
"""What the task's own network is called where a run is asked for."""


def history(task: str, workspace: Path | None) -> Told:
    """List the runs of a task, each after its parent."""
    from prunekit import verbs

    opened = verbs.open_task(task, workspace)
    runs, desk = verbs.history(opened), opened.workspace.head(opened.task.name)
    head = None if desk is None else desk.id
    answer = {"task": opened.task.name, "head": head, "runs": [run.to_json() for run in runs]}
    return answer, _history_text(verbs.history_tree(runs), head)


def compare(task: str, a: str, b: str, workspace: Path | None) -> Told:
    """Measure two runs again and say how they differ."""
    from prunekit import verbs

    opened = verbs.open_task(task, workspace)
    found = verbs.compare(opened, None if a == DENSE else a, None if b == DENSE else b)
    return found.to_json(), _comparison_text(found)


def latency(task: str, recipe: "Recipe", batch: int, threads: int, workspace: Path | None) -> Told:
    """Time the network a recipe asks for beside the dense one."""
    from prunekit import verbs

    found = verbs.last(verbs.latency(verbs.open_task(task, workspace), recipe, batch, threads))
    return found.to_json(), _latency_text(found)


def _history_text(nodes: "tuple[Node, ...]", head: str | None) -> Iterator[str]:
    if not nodes:
        yield "There is no run yet: move a bar on the desk, or recover a recipe."
    for node in nodes:
        run = node.run
        marks = ("●" if run.id == head else "│") + ("★" if run.starred else " ")
        readings = "  ".join(f"{found.split} {found.metric} {found.value:.2%} of {found.n}" for found in run.readings)
        yield f"{'  ' * node.lane}{marks} {run.id}  {readings}  {run.cost.params:,} parameters  {run.label}".rstrip()


def _comparison_text(found: "Comparison") -> Iterator[str]:
    a, b = found.a or DENSE, found.b or DENSE
    for change in found.changes:
        yield f"{change.key:<12} {change.name:<24} {_value(change.a):>10} → {_value(change.b)}"
    for name, evaluation in zip((a, b), found.evaluations, strict=True):
        yield f"{name}: {_evaluation_text(evaluation)}"
    for index, name in enumerate(found.classes):
        before, after = (evaluation.reading.per_class[index] for evaluation in found.evaluations)
        yield f"  class {name:<20} {before:>8.2%} → {after:.2%}"
    right = f"{found.fixed} only by {b}, {found.broken} only by {a}"
    yield f"{len(found.flips)} predictions differ; right are {right}"


def _evaluation_text(evaluation: "Evaluation") -> str:
    reading, cost = evaluation.reading, evaluation.cost
    return (
        f"{reading.metric} {reading.value:.2%} of {reading.n} {reading.split}, loss {reading.loss:.4f},"
        f" {cost.params:,} parameters, {cost.macs:,} MACs"
    )


def _latency_text(found: "Latency") -> Iterator[str]:
    for name, timing in (("dense", found.dense), ("candidate", found.candidate)):
        times = (
            f"{kind} {1e3 * median:.3f} ms (quartiles {1e3 * low:.3f} to {1e3 * high:.3f})"
            for kind, median, (low, high) in (
                ("wall", timing.wall, timing.wall_quartiles),
                ("CPU", timing.cpu, timing.cpu_quartiles),
            )
        )
        yield f"{name:<10} {', '.join(times)}"
    low, high = found.interval
    clock = {"cpu": "CPU", "wall": "wall"}[found.clock]
    yield (
        f"{found.verdict.value}: {found.speedup:.2f} times as fast by {clock} time, 95 % interval {low:.2f} to"
        f" {high:.2f}, {found.rounds} rounds, batch {found.batch}, threads {found.threads}"
    )
    if found.busy:
        yield "The machine was busy: wall times are too long."


def _value(value: Any) -> str:
    return f"{value:.2%}" if isinstance(value, float) else str(value)
