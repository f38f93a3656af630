"""The history: every committed state of the desk is a run."""

import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import count

from prunekit.recipe import Recipe
from prunekit.records import Cost, Node, Reading, Run
from prunekit.subject.opening import Opened


def commit(opened: Opened, recipe: Recipe, cost: Cost, reading: Reading | None, parent: str | None) -> Run:
    """Store a recipe as a run and put it on the desk; one that is not measured yet gets its reading later."""
    run = new_run(opened, recipe, cost, () if reading is None else (reading,), parent)
    opened.workspace.add_run(run)
    opened.workspace.set_head(opened.key, run.id)
    return run


def history(opened: Opened) -> tuple[Run, ...]:
    """Return the runs of these weights that were measured on these data, oldest first."""
    return tuple(run for run in opened.workspace.runs(opened.task.name) if opened.key.owns(run))


def history_tree(runs: Sequence[Run]) -> tuple[Node, ...]:
    """Lay runs out as a tree, each after its parent, so that no line between them crosses another.

    Args:
        runs: a history in the order it was stored; a run whose parent is missing continues the root.
    """
    known = {run.id for run in runs}
    children: dict[str | None, list[Run]] = {}
    for run in runs:
        children.setdefault(run.parent if run.parent in known else None, []).append(run)
    lanes = count()
    nodes: list[Node] = []
    waiting: list[tuple[Run, int, int | None]] = [(run, 1, None) for run in reversed(children.get(None, []))]
    while waiting:  # no recursion: every move of a bar is a run, so a line may have thousands
        run, depth, lane = waiting.pop()
        lane = next(lanes) if lane is None else lane
        nodes.append(Node(run, depth, lane))
        following = children.get(run.id, [])
        waiting += [(child, depth + 1, None) for child in reversed(following[1:])]
        waiting += [(child, depth + 1, lane) for child in following[:1]]
    return tuple(nodes)


def thinned(runs: Sequence[Run], shown: Collection[str]) -> tuple[Run, ...]:
    """Leave runs out of a history: each that stays continues the nearest run before it that stays.

    Args:
        runs: a history in the order it was stored, so that parents come before their children.
        shown: ids of those that stay.
    """
    nearest: dict[str | None, str | None] = {}
    for run in runs:
        nearest[run.id] = run.id if run.id in shown else nearest.get(run.parent)
    return tuple(replace(run, parent=nearest.get(run.parent)) for run in runs if run.id in shown)


def recipe_of(run: Run | None) -> Recipe:
    """Return the recipe that puts a run on the desk, from a recovered one's own weights; ``None`` is dense."""
    if run is None:
        return Recipe()
    return replace(run.recipe, base=run.id) if run.weights else run.recipe


def new_run(
    opened: Opened, recipe: Recipe, cost: Cost, readings: tuple[Reading, ...], parent: str | None, label: str = ""
) -> Run:
    """Make a run of these weights, without storing it."""
    return Run(
        id=uuid.uuid4().hex[:12],
        task=opened.task.name,
        model=opened.digest,
        recipe=recipe,
        parent=parent,
        created=time.time(),
        cost=cost,
        readings=readings,
        label=label,
        conditions=replace(opened.conditions, seed=recipe.seed),
        data=opened.data_digest,
    )
