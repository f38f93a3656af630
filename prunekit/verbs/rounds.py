"""Recovery in rounds: cut a little, recover, and again; and how long that will take."""

import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import mean
from tempfile import TemporaryFile

from prunekit.errors import RecipeError
from prunekit.recipe import Recipe
from prunekit.records import Epoch, Fitted, Run
from prunekit.recover.schedule import Schedule
from prunekit.recover.stored import state_bytes
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.verbs.recovering import begin, recover
from prunekit.verbs.unfinished import Recovery, epochs_of, forget, gone_on_with, reached, read_state, remember


def recover_in_rounds(
    opened: Opened, recipe: Recipe, rounds: int, schedule: Schedule, parent: str | None = None
) -> Iterator[Fitted | Epoch | Run]:
    """Cut a little, recover, and again, until all of a recipe is cut; bits come in the last round.

    Every round keeps the same share of what the one before kept. The same rounds asked for again after their process
    was killed go on with the round that was under way.

    Source: Han et al., Learning both Weights and Connections for Efficient Neural Networks, 2015, arXiv 1506.02626.

    Args:
        opened: the task.
        recipe: the cut to arrive at.
        rounds: how many times to cut and recover.
        schedule: how to train in each round.
        parent: the run that the first round continues, in the history; where it is not there any more, the base.

    Yields:
        What ``recover`` yields, round by round; each round's run is stored.

    Raises:
        TaskError: the task has no train data.
        RecipeError: the recipe does not fit the task, or there is no round.
    """
    if rounds < 1:
        raise RecipeError(f"Rounds are counted from 1, not {rounds}.")
    return _until_the_end(opened, _recovery(opened, recipe, rounds, schedule, parent))


def earlier_epochs(opened: Opened, recipe: Recipe, rounds: int, schedule: Schedule) -> tuple[Epoch, ...]:
    """Return what rounds had yielded of the training under way when their process was killed; see the arguments there.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    recovery = _recovery(opened, recipe, rounds, schedule, None)
    if len(recovery.done) == rounds:
        return ()
    epochs = epochs_of(read_state(reached(opened, recovery.under_way, schedule)))
    return tuple(replace(epoch, round=len(recovery.done) + 1, rounds=rounds) for epoch in epochs)


def _until_the_end(opened: Opened, recovery: Recovery) -> Iterator[Fitted | Epoch | Run]:
    try:
        yield from _rounds(opened, recovery)
    except GeneratorExit:  # stopped by a person, who has the best so far
        forget(opened, recovery)
        raise
    forget(opened, recovery)


def _recovery(opened: Opened, recipe: Recipe, rounds: int, schedule: Schedule, parent: str | None) -> Recovery:
    """Return the recovery that is asked for, with what an earlier process has done of it."""
    return gone_on_with(opened, _new(opened, resolve(opened, recipe).recipe, rounds, schedule, parent))


def _new(opened: Opened, recipe: Recipe, rounds: int, schedule: Schedule, parent: str | None = None) -> Recovery:
    start = Recipe() if recipe.base is None else opened.workspace.run(recipe.base).recipe
    return Recovery(recipe, schedule, rounds, parent, start)


def _rounds(opened: Opened, recovery: Recovery) -> Iterator[Fitted | Epoch | Run]:
    rounds = recovery.rounds
    for number in range(len(recovery.done) + 1, rounds + 1):
        parent = recovery.done[-1] if recovery.done else recovery.parent
        records = recover(
            opened, recovery.under_way, parent=parent, schedule=recovery.schedule, round=number, rounds=rounds
        )
        for place, record in enumerate(records):
            if isinstance(record, Run):
                recovery = replace(recovery, done=(*recovery.done, record.id))
            if isinstance(record, Run) or place == 0:  # one that is impossible comes to no record
                remember(opened, recovery)
            yield replace(record, round=number, rounds=rounds) if isinstance(record, Epoch) else record


def recovery_seconds(opened: Opened, recipe: Recipe, schedule: Schedule, rounds: int = 1) -> Iterator[float]:
    """Announce how long a recovery's training will take, by the clock of a few steps and of what ends a pass.

    The first and the last round are timed; those between take about their mean. A reconstruction before the training
    is not counted, since its time is only known once it is done.

    Yields:
        Seconds, once.
    """
    last = resolve(opened, recipe).recipe
    first = _new(opened, last, rounds, schedule).under_way
    yield rounds * mean(_training_seconds(opened, each, schedule) for each in {first, last})


def _training_seconds(opened: Opened, recipe: Recipe, schedule: Schedule) -> float:
    tuned = begin(resolve(opened, recipe), schedule)
    training, begun = tuned.seconds(), time.perf_counter()
    with TemporaryFile() as aside:
        aside.write(state_bytes(tuned.state()))
    return training + schedule.epochs * (time.perf_counter() - begun)
