"""The history: its runs, and two of them side by side."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prunekit.cli.options import add_task, add_verb, opened_of
from prunekit.cli.output import show

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs
    from prunekit.records import Comparison, Evaluation, Node

DENSE = "dense"
"""What the task's own network is called where a run is asked for."""


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
    found = verbs.last(verbs.compare(opened, *(None if run == DENSE else run for run in (options.a, options.b))))
    assert isinstance(found, Comparison), "a comparison comes last"
    show(options, found.to_json(), _comparison_text(found))


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
    for name, before, after in zip(found.classes, *(e.reading.per_class for e in found.evaluations), strict=False):
        yield f"  class {name:<20} {before:>8.2%} → {after:.2%}"
    if found.evaluations[0].reading.correct is None:
        gain = f"; {b} minus {a}: {found.gain[0]:+.2%} to {found.gain[1]:+.2%}, 95 % interval" if found.gain else ""
        yield f"{len(found.shifts)} samples whose own figure differs are listed with --json{gain}"
        return
    right = f"{found.fixed} only by {b}, {found.broken} only by {a}"
    gain = f"; {b} minus {a}: {found.gain[0]:+.2%} to {found.gain[1]:+.2%}, 95 % interval" if found.gain else ""
    yield f"{len(found.flips)} predictions differ; right are {right}{gain}"


def _evaluation_text(evaluation: "Evaluation") -> str:
    reading, cost = evaluation.reading, evaluation.cost
    return (
        f"{reading.metric} {reading.value:.2%} of {reading.n} {reading.split}, loss {reading.loss:.4f},"
        f" {cost.params:,} parameters, {cost.macs:,} MACs"
    )


def _value(value: Any) -> str:
    return f"{value:.2%}" if isinstance(value, float) else str(value)
