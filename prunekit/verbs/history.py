"""The history: every committed state of the desk is a run."""

import time
import uuid

from prunekit.recipe import Recipe
from prunekit.records import Cost, Reading, Run
from prunekit.verbs.opening import Opened


def commit(opened: Opened, recipe: Recipe, cost: Cost, reading: Reading, parent: str | None) -> Run:
    """Store a measured recipe as a run and put it on the desk."""
    run = new_run(opened, recipe, cost, (reading,), parent)
    opened.workspace.add_run(run)
    opened.workspace.set_head(opened.task.name, run.id)
    return run


def history(opened: Opened) -> tuple[Run, ...]:
    """Return the runs of these weights, oldest first."""
    return tuple(run for run in opened.workspace.runs(opened.task.name) if run.model == opened.digest)


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
    )
