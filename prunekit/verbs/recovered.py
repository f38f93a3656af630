"""A network with weights of its own becomes a run: measured, stored, and a base for further cuts."""

from collections.abc import Iterator
from dataclasses import replace

from torch import nn

from prunekit.cut.precision import precisions
from prunekit.cut.pruned import Pruned
from prunekit.errors import WorkspaceError
from prunekit.measure.evaluate import evaluate
from prunekit.quantize.activations import rounding_modules
from prunekit.quantize.straight_through import quantised
from prunekit.records import Conditions, Reading, Run, Training
from prunekit.subject.base import store_weights
from prunekit.subject.opening import Opened
from prunekit.subject.subject import Subject, dense_outputs
from prunekit.verbs.history import new_run


def store_run(
    subject: Subject,
    pruned: Pruned,
    model: nn.Module,
    parent: str | None,
    label: str,
    conditions: Conditions | None = None,
    training: Training | None = None,
) -> Run:
    """Measure a network of a subject's shapes and keep it as a run; see ``keep_run`` for the arguments.

    Raises:
        WorkspaceError: the run cannot be stored; nothing is left behind.
    """
    *_, reading = measure(subject, model)
    return keep_run(subject, pruned, model, reading, parent, label, conditions, training)


def measure(subject: Subject, model: nn.Module) -> Iterator[Reading]:
    """Measure a network of a subject's shapes on the validation split, quantised as the recipe asks.

    Args:
        subject: the question that the network answers.
        model: the network in single precision; it is not changed.

    Yields:
        Readings on growing numbers of samples; the last is of the whole split.

    Raises:
        RecipeError: activations shall be rounded and the task has no train data.
    """
    opened = subject.whole
    rounding = rounding_modules(model, subject.recipe.bits) if subject.rounds_inputs else []
    return evaluate(
        quantised(
            model,
            precisions(subject.structure, subject.remaining),
            rounding,
            subject.range_split if rounding else None,
        ),
        opened.task.data.validation,
        opened.metric,
        recipe=subject.recipe.digest,
        dense_logits=dense_outputs(opened, "validation"),
    )


def keep_run(
    subject: Subject,
    pruned: Pruned,
    model: nn.Module,
    reading: Reading,
    parent: str | None,
    label: str,
    conditions: Conditions | None = None,
    training: Training | None = None,
) -> Run:
    """Keep a measured network of a subject's shapes as a run with its weights, on the desk.

    Args:
        subject: the question that the network answers.
        pruned: the answer before quantisation, whose kept units the network has.
        model: the network in single precision, with weights of its own.
        reading: what was measured of it on the whole validation split.
        parent: the run that holds the cut; where it is not in the history any more, the base is taken.
        label: what the run is called.
        conditions: what it was made under; those of now for ``None``.
        training: how it was fine-tuned; ``None`` where it was not.

    Raises:
        WorkspaceError: the run cannot be stored; nothing is left behind.
    """
    opened = subject.whole
    cost = subject.state.cost if subject.remaining.bits else pruned.cost
    run = new_run(
        opened, subject.recipe, cost, (reading,), _in_history(opened, parent, subject.recipe.base), label=label
    )
    # The weights are written before the run that names them, so that no run points at nothing.
    run = replace(
        run,
        weights=store_weights(opened, run.id, model, pruned.kept),
        conditions=conditions or run.conditions,
        training=training,
    )
    try:
        opened.workspace.add_run(run)
    except WorkspaceError:
        opened.workspace.weights_path(run.id).unlink(missing_ok=True)
        raise
    opened.workspace.set_head(opened.key, run.id)
    return run


def _in_history(opened: Opened, *runs: str | None) -> str | None:
    """Return the first of some runs that is in the history: what a recovery continues may be deleted meanwhile."""
    known = {run.id for run in opened.workspace.runs(opened.task.name)}
    return next((run for run in runs if run in known), None)
