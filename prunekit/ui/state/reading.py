"""The desk's reading, which is measured whenever the desk changes; a released bar makes the desk a run at once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from prunekit.recipe import Recipe
from prunekit.records import Cost, Evaluation, Reading, Run
from prunekit.ui.state.cached import dense_evaluation
from prunekit.ui.state.jobs import ask
from prunekit.ui.state.session import Question, Session, session

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def recipe_of(opened: "Opened", run: Run | None) -> Recipe:
    """Return what the desk shows when a run is on it; ``None`` is the task's own network."""
    if run is None or not opened.key.owns(run):
        return Recipe(task=opened.task.name)
    return replace(run.recipe, base=run.id) if run.weights else run.recipe


def desk_recipe(opened: "Opened", now: Session | None = None) -> Recipe:
    """Return the recipe on a tab's desk; a new tab begins with the head of the history."""
    now = now or session()
    if now.recipe is None:
        now.recipe = now.held = recipe_of(opened, opened.workspace.head(opened.key))
    return now.recipe


def base_recipe(opened: "Opened", now: Session | None = None) -> Recipe | None:
    """Return the recipe of the run that the desk starts from; ``None`` where that is the task's own network."""
    base = desk_recipe(opened, now).base
    return None if base is None else opened.workspace.run(base).recipe


def trained_run(opened: "Opened", now: Session | None = None) -> Run | None:
    """Return the newest run that has trained the desk's recipe; ``None`` where there is none, or nothing is cut."""
    recipe = desk_recipe(opened, now)
    runs = [run for run in opened.workspace.runs(opened.task.name) if opened.key.owns(run) and run.weights]
    return next((run for run in reversed(runs) if run.recipe == recipe and run.label != "reconstructed"), None)


def ready(opened: "Opened") -> None:
    """Wait until the worker has built what the counts of a desk need: its base, and the network without its blocks."""
    recipe = desk_recipe(opened)

    def work() -> Iterator[Cost]:
        from prunekit import verbs

        yield verbs.cost(opened, recipe)

    if recipe.blocks or recipe.base:
        ask("parts", (opened, recipe.base, recipe.blocks), work).ticket.wait()


def dense(opened: "Opened", limit: int | None = None) -> Evaluation | None:
    """Return the newest evaluation of the task's own network on the first samples, asking for it the first time."""
    return dense_evaluation(opened.key.digest, opened, limit).snapshot().latest


def measure(opened: "Opened", now: Session | None = None) -> Question:
    """Ask for the reading of the desk's recipe; asking again returns the same answer."""
    now = now or session()
    with now.moving:
        recipe, own = desk_recipe(opened, now), dense_evaluation(opened.key.digest, opened, None)
        if now.hand.is_final and recipe != now.held:  # changed in this tab; another tab may have moved the head
            _commit(opened, recipe)
            now.held = recipe
        is_own = recipe == Recipe(task=opened.task.name)
        if is_own and not own.finished:
            return Question(recipe, own)
        of_own = own.snapshot().latest
        known = of_own if is_own else None
        # A released bar asks the same question as the drag that ended there, so that its measurement continues.
        return ask("reading", (opened.key, recipe), lambda: _measured(opened, recipe, known), of_own, now)


def _commit(opened: "Opened", recipe: Recipe) -> None:
    """Store the desk as a run, child of the head, before it is measured, so that a newer desk cannot drop it."""
    from prunekit import verbs

    head = opened.workspace.head(opened.key)
    if recipe_of(opened, head) != recipe:
        verbs.commit(opened, recipe, verbs.cost(opened, recipe), None, head.id if head else None)


def _measured(opened: "Opened", recipe: Recipe, known: Evaluation | None) -> Iterator[Evaluation | None]:
    """Measure a recipe and store its exact reading in its run; in the worker, so that a visitor may leave the page."""
    from prunekit import verbs

    exact = len(opened.task.data.validation)
    if known is not None:
        yield known
        return
    stored = next((reading for reading in _readings(opened, recipe) if reading.n >= exact), None)
    if stored is not None:  # the desk has been here before
        yield Evaluation(stored, verbs.cost(opened, recipe))
    for evaluation in verbs.evaluate_steps(opened, recipe):
        is_exact = evaluation is not None and evaluation.reading.n >= exact
        if evaluation is not None and is_exact:
            _keep(opened, recipe, evaluation.reading)  # before it is shown: what is shown as exact is stored
        yield evaluation if stored is None or is_exact else None


def _run_of(opened: "Opened", recipe: Recipe) -> Run | None:
    """Return the run on the desk if it is one of this very recipe."""
    head = opened.workspace.head(opened.key)
    return head if head is not None and not head.weights and head.recipe == recipe else None


def _readings(opened: "Opened", recipe: Recipe) -> tuple[Reading, ...]:
    run = _run_of(opened, recipe)
    return () if run is None else tuple(reading for reading in run.readings if reading.split == "validation")


def _keep(opened: "Opened", recipe: Recipe, reading: Reading) -> None:
    run = _run_of(opened, recipe)
    if run is not None:
        opened.workspace.add_reading(run.id, reading)
