"""Recovery: fine-tune what a cut left, and keep it as a run of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from prunekit.cut.precision import precisions
from prunekit.errors import RecipeError
from prunekit.quantize.activations import rounding_modules
from prunekit.recipe import Recipe
from prunekit.records import Epoch, Fitted, Run, Training
from prunekit.recover.finetune import FineTune, finetune
from prunekit.recover.follow import reads_left
from prunekit.recover.schedule import Schedule
from prunekit.subject.exactness import exactness
from prunekit.subject.opening import Opened
from prunekit.subject.subject import Subject, resolve
from prunekit.verbs.reconstructing import calibrated, fitting_of
from prunekit.verbs.recovered import store_run
from prunekit.verbs.unfinished import epochs_of, reached, read_state, write_state


def recover(
    opened: Opened,
    recipe: Recipe,
    epochs: int | None = None,
    parent: str | None = None,
    schedule: Schedule | None = None,
    round: int = 1,
    rounds: int = 1,
) -> Iterator[Fitted | Epoch | Run]:
    """Fine-tune the network a recipe asks for.

    What was reached is stored after every epoch: the same recovery asked for again after its process
    was killed goes on from there, to the same bits.

    Args:
        opened: the task.
        recipe: the cut to recover from; zeroed weights stay zero, quantised ones are trained as such.
        epochs: passes over the train samples; 2 for ``None``. A schedule has a number of its own.
        parent: the run that holds the cut, in the history; where it is not there any more, the base is taken.
        schedule: how to train, in place of the usual way for so many epochs.
        round: which of the rounds of iterative pruning this is, as the run notes it.
        rounds: how many there are.

    Yields:
        A record for each layer that is fitted first, where the schedule says so; losses and validation
        readings while it trains; last the recovered run, stored with its weights. Stopped early in
        training, the best network so far is stored all the same.

    Raises:
        TaskError: the task has no train data.
        RecipeError: the recipe does not fit the task, the schedule is not one, or both say how many epochs.
    """
    schedule = schedule_for(recipe, epochs, schedule)
    subject = resolve(opened, recipe)
    opened.workspace.check_writable()
    exactness(subject)
    return _recover(subject, schedule, parent, _training(schedule, round, rounds))


def schedule_for(recipe: Recipe, epochs: int | None, schedule: Schedule | None) -> Schedule:
    """Return how to train: a schedule, or the usual way for so many epochs.

    Raises:
        RecipeError: both are given, or there are no such epochs.
    """
    if schedule is None:
        usual = Schedule(seed=recipe.seed)
        return usual if epochs is None else replace(usual, epochs=epochs)
    if epochs is not None:
        raise RecipeError(
            f"The schedule trains {schedule.epochs} epochs, and epochs={epochs} is given beside it; give one of them."
        )
    return schedule


def _training(schedule: Schedule, round: int, rounds: int) -> Training:
    """Return what a run notes of how it was trained."""
    assert schedule.lr is not None, "a schedule sets it"
    return Training(
        epochs=schedule.epochs,
        batch=schedule.batch,
        lr=schedule.lr,
        optimizer=schedule.optimizer,
        distil=schedule.distil,
        temperature=schedule.temperature,
        fit_first=schedule.fit_first,
        seed=schedule.seed,
        round=round,
        rounds=rounds,
    )


def _recover(
    subject: Subject, schedule: Schedule, parent: str | None, training: Training
) -> Iterator[Fitted | Epoch | Run]:
    opened = subject.whole
    path = reached(opened, subject.recipe, schedule)
    state = read_state(path)
    start = None
    if schedule.fit_first and state is None:
        fitting = fitting_of(subject)
        yield from fitting
        start = calibrated(subject, fitting)
    tuned, epochs = begin(subject, schedule, state, start), [*epochs_of(state)]
    try:
        for record in tuned:
            epochs.append(record)
            if record.reading is not None:
                write_state(opened, path, tuned.state(), epochs)
            yield record
    except GeneratorExit:
        _store(subject, tuned, schedule, parent, training)
        path.unlink(missing_ok=True)
        raise
    run = _store(subject, tuned, schedule, parent, training)
    path.unlink(missing_ok=True)
    yield run


def begin(
    subject: Subject, schedule: Schedule, state: Mapping[str, Any] | None = None, start: nn.Module | None = None
) -> FineTune:
    """Get ready to train the smaller network, or ``start``, fitted for it; go on from ``state``, if one was reached."""
    opened, pruned = subject.whole, subject.precise.pruned
    return finetune(
        start or pruned.model,
        opened.task.data,
        schedule,
        masks=pruned.masks,
        precisions=precisions(subject.structure, subject.remaining),
        rounding=rounding_modules(pruned.model, subject.recipe.bits) if subject.rounds_inputs else [],
        teacher=opened.task.model,
        reads=reads_left(opened.task.model, subject.structure, pruned.kept),
        metric=opened.metric,
        recipe=subject.recipe.digest,
        state=state,
    )


def _store(subject: Subject, tuned: FineTune, schedule: Schedule, parent: str | None, training: Training) -> Run:
    conditions = replace(subject.whole.conditions, threads=schedule.threads, batch=schedule.batch, seed=schedule.seed)
    return store_run(subject, subject.precise.pruned, tuned.model, parent, "recovered", conditions, training)
