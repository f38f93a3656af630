"""Recovery: fine-tune what a cut left, and keep it as a run of its own."""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prunekit.cut.precision import precisions
from prunekit.cut.pruned import Pruned
from prunekit.errors import RecipeError, WorkspaceError
from prunekit.measure.evaluate import evaluate
from prunekit.quantize.activations import rounding_modules
from prunekit.quantize.straight_through import quantised
from prunekit.recipe import Recipe
from prunekit.records import Conditions, Epoch, Fitted, Run
from prunekit.recover import reconstruct as fit
from prunekit.recover.finetune import FineTune, finetune
from prunekit.recover.follow import reads_left
from prunekit.recover.recalibrate import recalibrate
from prunekit.recover.schedule import Schedule
from prunekit.subject.blocks import apart
from prunekit.subject.networks import (
    Network,
    base_of,
    dense_outputs,
    network_of,
    recalibrates,
    rounds_inputs,
    store_weights,
)
from prunekit.subject.opening import Opened
from prunekit.verbs.history import new_run
from prunekit.verbs.reading import check
from prunekit.verbs.unfinished import reached


def recover(
    opened: Opened, recipe: Recipe, epochs: int = 2, parent: str | None = None, schedule: Schedule | None = None
) -> Iterator[Fitted | Epoch | Run]:
    """Fine-tune the network a recipe asks for.

    What was reached is stored after every epoch: the same recovery asked for again after its process
    was killed goes on from there, to the same bits.

    Args:
        opened: the task.
        recipe: the cut to recover from; zeroed weights stay zero, quantised ones are trained as such.
        epochs: passes over the train samples.
        parent: the run that holds the cut, in the history; where it is not there any more, the base is taken.
        schedule: how to train, in place of the usual way for so many epochs.

    Yields:
        A record for each layer that is fitted first, where the schedule says so; losses and validation
        readings while it trains; last the recovered run, stored with its weights. Stopped early in
        training, the best network so far is stored all the same.

    Raises:
        TaskError: the task has no train data.
        RecipeError: the recipe does not fit the task, or the schedule is not one.
    """
    recipe = check(opened, recipe)
    opened.workspace.check_writable()
    schedule = schedule or Schedule(epochs=epochs, seed=recipe.seed)
    path = reached(opened, recipe, schedule)
    state = _remembered(path)
    start = None
    if schedule.fit_first and state is None:
        fitting = _fitting(opened, recipe)
        yield from fitting
        start = _calibrated(opened, recipe, fitting)
    network, tuned = begin(opened, recipe, schedule, state, start)
    try:
        for record in tuned:
            if record.reading is not None:
                _remember(opened, tuned, path)
            yield record
    except GeneratorExit:
        _store(opened, recipe, network, tuned, schedule, parent)
        path.unlink(missing_ok=True)
        raise
    run = _store(opened, recipe, network, tuned, schedule, parent)
    path.unlink(missing_ok=True)
    yield run


def reconstruct(opened: Opened, recipe: Recipe, parent: str | None = None) -> Iterator[Fitted | Run]:
    """Fit what reads cut channels to what it said before, by least squares on train data: no training.

    Args:
        opened: the task.
        recipe: the cut to recover from.
        parent: the run that holds the cut, in the history; where it is not there any more, the base is taken.

    Yields:
        A record for each layer; last the recovered run, stored with its weights. Stopped early, nothing is.

    Raises:
        TaskError: the task has no train data.
        RecipeError: the recipe does not fit the task, or no layer reads what it cuts.
    """
    recipe = check(opened, recipe)
    opened.workspace.check_writable()
    fitting = _fitting(opened, recipe)
    if not fitting.layers:
        raise RecipeError(
            "Reconstruction fits layers that read cut channels, and this recipe leaves none; cut channels."
        )
    yield from fitting
    pruned = network_of(opened, _precise(opened, recipe)).pruned
    yield _stored(opened, recipe, pruned, _calibrated(opened, recipe, fitting), parent, "reconstructed")


def _fitting(opened: Opened, recipe: Recipe) -> fit.Reconstruction:
    left, asked = apart(opened, _precise(opened, recipe))
    network = network_of(left, asked)
    return fit.reconstruct(
        base_of(left, asked.base).model,
        network.raw or network.pruned.model,
        left.structure,
        network.pruned.kept,
        opened.train_split,
        masked=tuple(network.pruned.masks),
    )


def _calibrated(opened: Opened, recipe: Recipe, fitting: fit.Reconstruction) -> nn.Module:
    assert opened.train_split is not None
    return recalibrate(fitting.model, opened.train_split) if recipe.recalibrate else fitting.model


def _rounding(model: nn.Module, recipe: Recipe) -> list[str]:
    return rounding_modules(model, recipe.bits) if rounds_inputs(recipe) else []


def _precise(opened: Opened, recipe: Recipe) -> Recipe:
    """Return a recipe without its quantisation, which comes after the recovery.

    A base that was trained in these very bits keeps the BatchNorm statistics that it has in them.
    """
    return replace(recipe, bits={}, activation_bits=None, recalibrate=recalibrates(opened, recipe))


def begin(
    opened: Opened,
    recipe: Recipe,
    schedule: Schedule,
    state: Mapping[str, Any] | None = None,
    start: nn.Module | None = None,
) -> tuple[Network, FineTune]:
    """Get ready to train a recipe's network, or ``start``, fitted for it; go on from ``state``, if one was reached."""
    left, asked = apart(opened, recipe)
    network = network_of(opened, _precise(opened, recipe))
    tuned = finetune(
        start or network.pruned.model,
        opened.task.data,
        schedule,
        masks=network.pruned.masks,
        precisions=precisions(left.structure, asked),
        rounding=_rounding(network.pruned.model, recipe),
        teacher=opened.task.model,
        reads=reads_left(opened.task.model, left.structure, network.pruned.kept),
        metric=opened.metric,
        recipe=recipe.digest,
        state=state,
    )
    return network, tuned


def _remember(opened: Opened, tuned: FineTune, path: Path) -> None:
    opened.workspace.write_file(path, lambda aside: torch.save(tuned.state(), aside))


def _remembered(path: Path) -> dict[str, Any] | None:
    """Read what a killed recovery had reached; what cannot be read is begun anew."""
    try:
        found: dict[str, Any] = torch.load(path, weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError):
        return None
    return found


def _store(
    opened: Opened, recipe: Recipe, network: Network, tuned: FineTune, schedule: Schedule, parent: str | None
) -> Run:
    conditions = replace(opened.conditions, threads=schedule.threads, batch=schedule.batch, seed=schedule.seed)
    return _stored(opened, recipe, network.pruned, tuned.model, parent, "recovered", conditions)


def _stored(
    opened: Opened,
    recipe: Recipe,
    pruned: Pruned,
    model: nn.Module,
    parent: str | None,
    label: str,
    conditions: Conditions | None = None,
) -> Run:
    left, asked = apart(opened, recipe)
    stored = precisions(left.structure, asked)
    assert opened.train_split is not None, "no recovery goes without"
    *_, reading = evaluate(
        quantised(model, stored, _rounding(model, recipe), opened.train_split),
        opened.task.data.validation,
        opened.metric,
        recipe=recipe.digest,
        dense_logits=dense_outputs(opened, "validation"),
    )
    cost = network_of(opened, recipe).pruned.cost if stored else pruned.cost
    run = new_run(opened, recipe, cost, (reading,), _there(opened, parent, recipe.base), label=label)
    # The weights are written before the run that names them, so that no run points at nothing.
    run = replace(
        run,
        weights=store_weights(opened, run.id, model, pruned.kept),
        conditions=conditions or run.conditions,
    )
    try:
        opened.workspace.add_run(run)
    except WorkspaceError:
        opened.workspace.weights_path(run.id).unlink(missing_ok=True)
        raise
    opened.workspace.set_head(opened.task.name, run.id)
    return run


def _there(opened: Opened, *wanted: str | None) -> str | None:
    """Return the first of some runs that is in the history: what a recovery continues may be deleted meanwhile."""
    known = {run.id for run in opened.workspace.runs(opened.task.name)}
    return next((run for run in wanted if run in known), None)
