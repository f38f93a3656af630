"""The history: its runs, and two of them side by side."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prunekit.cli.options import add_task, add_verb, opened_of
from prunekit.cli.output import show

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs
    from prunekit.records import Comparison, Evaluation, Node, Reading

DENSE = "dense"
"""The name of the task's own network where an argument is a run."""


def add(verbs: "Verbs") -> None:
    """Add ``history`` and ``compare``."""
    add_task(add_verb(verbs, "history", _history, "List the runs of a task."))
    command = add_task(add_verb(verbs, "compare", _compare, "Measure two runs again and say how they differ."))
    command.add_argument("a", metavar="run", help="a run's id, or dense for the task's own network")
    command.add_argument("b", metavar="run", help="another one")


def _history(options: argparse.Namespace) -> None:
    from prunekit import verbs

    opened = opened_of(options)
    runs, desk = verbs.history(opened), opened.workspace.head(opened.key)
    head = None if desk is None else desk.id
    answer = {"task": opened.task.name, "head": head, "runs": [run.to_json() for run in runs]}
    show(options, answer, _history_text(verbs.history_tree(runs), head))


def _compare(options: argparse.Namespace) -> None:
    from prunekit import verbs
    from prunekit.records import Comparison

    opened = opened_of(options)
    comparison = verbs.last(verbs.compare(opened, *(None if run == DENSE else run for run in (options.a, options.b))))
    assert isinstance(comparison, Comparison), "a comparison comes last"
    show(options, comparison.to_json(), _comparison_text(comparison))


def _history_text(nodes: "tuple[Node, ...]", head: str | None) -> Iterator[str]:
    if not nodes:
        yield "There is no run yet: move a bar on the desk, or recover a recipe."
    for node in nodes:
        run = node.run
        marks = ("●" if run.id == head else "│") + ("★" if run.starred else " ")
        readings = "  ".join(_reading_text(reading) for reading in run.readings)
        yield f"{'  ' * node.lane}{marks} {run.id}  {readings}  {run.cost.params:,} parameters  {run.label}".rstrip()


def _reading_text(reading: "Reading") -> str:
    return f"{reading.split} {reading.metric} {reading.value:.2%} of {reading.n}"


def _comparison_text(comparison: "Comparison") -> Iterator[str]:
    a, b = comparison.a or DENSE, comparison.b or DENSE
    for change in comparison.changes:
        yield f"{change.key:<12} {change.name:<24} {_value(change.a):>10} → {_value(change.b)}"
    for name, evaluation in zip((a, b), comparison.evaluations, strict=True):
        yield f"{name}: {_evaluation_text(evaluation)}"
    per_class = (evaluation.reading.per_class for evaluation in comparison.evaluations)
    for name, before, after in zip(comparison.classes, *per_class, strict=False):
        yield f"  class {name:<20} {before:>8.2%} → {after:.2%}"
    gain = ""
    if comparison.gain:
        low, high = comparison.gain
        gain = f"; {b} minus {a}: {low:+.2%} to {high:+.2%}, 95 % interval"
    if comparison.evaluations[0].reading.correct is None:
        yield f"{len(comparison.shifts)} samples whose own figure differs are listed with --json{gain}"
        return
    right = f"{comparison.fixed} only by {b}, {comparison.broken} only by {a}"
    yield f"{len(comparison.flips)} predictions differ; right are {right}{gain}"


def _evaluation_text(evaluation: "Evaluation") -> str:
    reading, cost = evaluation.reading, evaluation.cost
    return (
        f"{reading.metric} {reading.value:.2%} of {reading.n} {reading.split}, loss {reading.loss:.4f},"
        f" {cost.params:,} parameters, {cost.macs:,} MACs"
    )


def _value(value: Any) -> str:
    return f"{value:.2%}" if isinstance(value, float) else str(value)
