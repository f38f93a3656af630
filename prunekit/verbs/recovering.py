"""Recovery: fine-tune what a cut left, and keep it as a run of its own."""

import copy
import pickle
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import torch

from prunekit.measure.evaluate import evaluate
from prunekit.measure.precision import precisions
from prunekit.quantize.straight_through import quantize_
from prunekit.recipe import Recipe
from prunekit.records import Epoch, Run
from prunekit.recover.finetune import EVERY, FineTune, finetune
from prunekit.recover.schedule import Schedule
from prunekit.store.files import write_aside
from prunekit.verbs.history import new_run
from prunekit.verbs.networks import Network, dense_outputs, network_of, store_weights
from prunekit.verbs.opening import Opened
from prunekit.verbs.reading import check


def recover(
    opened: Opened, recipe: Recipe, epochs: int = 2, parent: str | None = None, schedule: Schedule | None = None
) -> Iterator[Epoch | Run]:
    """Fine-tune the network a recipe asks for.

    What was reached is stored after every epoch: the same recovery asked for again after its process
    was killed goes on from there, to the same bits.

    Args:
        opened: the task.
        recipe: the cut to recover from; zeroed weights stay zero, quantised ones are trained as such.
        epochs: passes over the train samples.
        parent: the run that holds the cut, in the history.
        schedule: how to train, in place of the usual way for so many epochs.

    Yields:
        Losses and validation readings while it trains; last the recovered run, stored with its
        weights. Stopped early, the best network so far is stored all the same.

    Raises:
        TaskError: the task has no train data.
        RecipeError: the recipe does not fit the task, or the schedule is not one.
    """
    recipe = check(opened, recipe)
    schedule = schedule or Schedule(epochs=epochs, seed=recipe.seed)
    path = opened.workspace.path / "recoveries" / f"{_key(opened, recipe, schedule)}.pt"
    network, tuned = _begin(opened, recipe, schedule, path)
    try:
        for record in tuned:
            if record.reading is not None:
                _remember(tuned, path)
            yield record
    except GeneratorExit:
        _store(opened, recipe, network, tuned, schedule, parent)
        path.unlink(missing_ok=True)
        raise
    run = _store(opened, recipe, network, tuned, schedule, parent)
    path.unlink(missing_ok=True)
    yield run


def recovery_seconds(opened: Opened, recipe: Recipe, schedule: Schedule) -> Iterator[float]:
    """Announce how long a recovery will take, from a few of its steps.

    Yields:
        Seconds, once.
    """
    recipe = check(opened, recipe)
    _, tuned = _begin(opened, recipe, schedule, None)
    begun = time.perf_counter()
    next(tuned)  # the dense network's validation and the first steps
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    records = list(islice(tuned, 1))
    steps = records[0].steps if records else EVERY
    yield first + (time.perf_counter() - begun) * max(0, steps / EVERY - 1)


def _begin(opened: Opened, recipe: Recipe, schedule: Schedule, path: Path | None) -> tuple[Network, FineTune]:
    precise = replace(recipe, bits={}, activation_bits=None)
    network = network_of(opened, precise)
    tuned = finetune(
        network.pruned.model,
        opened.task.data,
        schedule,
        masks=network.pruned.masks,
        precisions=precisions(opened.structure, recipe),
        teacher=opened.task.model,
        metric=opened.task.metric,
        recipe=recipe.digest,
        state=None if path is None else _remembered(path),
    )
    return network, tuned


def _key(opened: Opened, recipe: Recipe, schedule: Schedule) -> str:
    """Name a recovery by all that decides its bits."""
    text = "-".join(str(value) for value in asdict(schedule).values())
    return f"{opened.digest}-{recipe.digest}-{text}"


def _remember(tuned: FineTune, path: Path) -> None:
    write_aside(path, lambda aside: torch.save(tuned.state(), aside))


def _remembered(path: Path) -> dict[str, object] | None:
    """Read what a killed recovery had reached; what cannot be read is begun anew."""
    try:
        found: dict[str, object] = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError):
        return None
    return found


def _store(
    opened: Opened, recipe: Recipe, network: Network, tuned: FineTune, schedule: Schedule, parent: str | None
) -> Run:
    stored = precisions(opened.structure, recipe)
    *_, reading = evaluate(
        quantize_(copy.deepcopy(tuned.model), stored) if stored else tuned.model,
        opened.task.data.validation,
        opened.task.metric,
        recipe=recipe.digest,
        dense_logits=dense_outputs(opened, "validation"),
    )
    cost = network_of(opened, recipe).pruned.cost if stored else network.pruned.cost
    run = new_run(opened, recipe, cost, (reading,), parent, label="recovered")
    # The weights are written before the run that names them, so that no run points at nothing.
    run = replace(
        run,
        weights=store_weights(opened, run.id, tuned.model, network.pruned.kept),
        conditions=replace(opened.conditions, threads=schedule.threads, batch=schedule.batch, seed=schedule.seed),
    )
    opened.workspace.add_run(run)
    opened.workspace.set_head(opened.task.name, run.id)
    return run
