"""What a recovery brings to the tab's desk, whatever page is open when it ends."""

from dataclasses import replace
from typing import TYPE_CHECKING

from prunekit.records import Run
from prunekit.ui.state import jobs
from prunekit.ui.state.reading import desk_recipe, recipe_of
from prunekit.ui.state.restoring import restore
from prunekit.ui.state.session import session

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def owner(opened: "Opened") -> str:
    """Name the jobs that recover this task's networks."""
    return jobs.owner(opened, "recover")


def take(opened: "Opened") -> None:
    """Put the run of a recovery that has ended on the desk, once, where the desk still is what was recovered.

    Where the desk has moved meanwhile it stays, and the run is offered to the tab that saw it being recovered.
    """
    now, job = session(), jobs.started(owner(opened))
    if job is None or job.id in now.adopted:
        return
    if not job.finished:
        now.watched.add(job.id)
        return
    with now.moving:
        now.adopted.add(job.id)
        latest = job.snapshot().latest
        run = latest if isinstance(latest, Run) else opened.workspace.head(opened.key)  # a stopped one stores its best
        if run is None or not run.weights:
            return
        desk = desk_recipe(opened)
        if replace(run.recipe, base=None) == replace(desk, base=None):
            now.recipe = recipe_of(opened, run)
        elif isinstance(latest, Run) and job.id in now.watched and recipe_of(opened, run) != desk:
            now.offered = run


def take_offered(opened: "Opened") -> None:
    """Put the recovered run that is offered on the desk."""
    now = session()
    if now.offered is not None:
        restore(opened, now.offered)
        now.offered = None


def leave_offered() -> None:
    """Offer the recovered run no longer; it stays in the history."""
    session().offered = None
