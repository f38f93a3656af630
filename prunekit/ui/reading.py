"""The desk's reading: asked for whenever the desk moves, stored as a run once it is exact."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from prunekit.recipe import Recipe
from prunekit.records import Evaluation, Run
from prunekit.ui.cached import dense_evaluation
from prunekit.ui.jobs import ask
from prunekit.ui.session import Asked, session

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def recipe_of(opened: "Opened", run: Run | None) -> Recipe:
    """Return what the desk shows when a run is on it; ``None`` is the task's own network."""
    if run is None or run.model != opened.digest:
        return Recipe(task=opened.task.name)
    return replace(run.recipe, base=run.id) if run.weights else run.recipe


def desk_recipe(opened: "Opened") -> Recipe:
    """Return the desk's recipe; a new tab takes up where the history stands."""
    now = session()
    if now.recipe is None:
        head = opened.workspace.head(opened.task.name)
        if head is not None and head.model != opened.digest:  # another checkpoint was on the desk
            opened.workspace.set_head(opened.task.name, None)
        now.recipe = recipe_of(opened, head)
    return now.recipe


def base_recipe(opened: "Opened") -> Recipe | None:
    """Return the recipe of the run that the desk starts from; ``None`` where that is the task's own network."""
    base = desk_recipe(opened).base
    return None if base is None else opened.workspace.run(base).recipe


def dense(opened: "Opened", limit: int | None = None) -> Evaluation | None:
    """Return the newest evaluation of the task's own network on the first samples, asking for it the first time."""
    return dense_evaluation(opened.digest, opened, limit).snapshot().latest


def measure(opened: "Opened") -> Asked:
    """Ask for the reading of the desk's recipe; asking again returns the same answer."""
    recipe, own = desk_recipe(opened), dense_evaluation(opened.digest, opened)
    is_own = recipe == Recipe(task=opened.task.name)
    if is_own and not own.finished:
        return Asked(recipe, own)
    of_own, is_final = own.snapshot().latest, session().hand.is_final
    known = of_own if is_own else None
    question = opened.digest, recipe, is_final
    return ask("reading", question, lambda: _measured(opened, recipe, known, is_final), meanwhile=of_own)


def _measured(opened: "Opened", recipe: Recipe, known: Evaluation | None, is_final: bool) -> Iterator[Evaluation]:
    """Measure a recipe and store it as a run, here in the worker so that a page may be left meanwhile.

    A state that a drag only passes through is measured but not stored.
    """
    from prunekit import verbs

    run, exact = None, len(opened.task.data.validation)
    for evaluation in (known,) if known else verbs.evaluate(opened, recipe):
        if is_final and run is None and evaluation.reading.n >= exact:
            run = _stored(opened, recipe, evaluation)  # before anybody sees it, so that undo finds it
        yield evaluation
    if run is not None:
        opened.workspace.add_reading(run.id, evaluation.reading)


def _stored(opened: "Opened", recipe: Recipe, evaluation: Evaluation) -> Run | None:
    """Store an exact evaluation as a run behind the head, unless the head is that already."""
    from prunekit import verbs

    head = opened.workspace.head(opened.task.name)
    if recipe_of(opened, head) == recipe:
        return None
    return verbs.commit(opened, recipe, evaluation.cost, evaluation.reading, head.id if head else None)
