"""Reconstruction: the layers behind a cut are fitted by least squares, without training; measured, or kept as a run."""

from collections.abc import Iterator

from torch import nn

from prunekit.errors import RecipeError
from prunekit.recipe import Recipe
from prunekit.records import Fitted, Reading, Run
from prunekit.recover import reconstruct as fit
from prunekit.recover.recalibrate import recalibrate
from prunekit.subject.exactness import exactness
from prunekit.subject.opening import Opened
from prunekit.subject.subject import Subject, resolve
from prunekit.verbs.recovered import measure, store_run


def reconstruct(opened: Opened, recipe: Recipe, parent: str | None = None) -> Iterator[Fitted | Run]:
    """Fit the layers that read cut channels to their outputs before the cut, by least squares on train data.

    Nothing is trained.

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
    subject = resolve(opened, recipe)
    opened.workspace.check_writable()
    return _reconstruct(subject, _begin(subject), parent)


def repair(opened: Opened, recipe: Recipe) -> Iterator[Fitted | Reading]:
    """Measure what a cut is worth once the layers behind it are fitted by least squares, without training.

    It is the network that ``reconstruct`` keeps, on the validation split; nothing is stored.

    Args:
        opened: the task.
        recipe: the cut.

    Yields:
        A record for each layer, then readings on growing numbers of samples; the last is exact.

    Raises:
        TaskError: the task has no train data.
        RecipeError: the recipe does not fit the task, or no layer reads what it cuts.
    """
    subject = resolve(opened, recipe)
    return _repair(subject, _begin(subject))


def _begin(subject: Subject) -> fit.Reconstruction:
    exactness(subject)
    fitting = fitting_of(subject)
    if not fitting.layers:
        raise RecipeError(
            "Reconstruction fits layers that read cut channels, and this recipe leaves none; cut channels."
        )
    return fitting


def _repair(subject: Subject, fitting: fit.Reconstruction) -> Iterator[Fitted | Reading]:
    yield from fitting
    yield from measure(subject, calibrated(subject, fitting))


def _reconstruct(subject: Subject, fitting: fit.Reconstruction, parent: str | None) -> Iterator[Fitted | Run]:
    yield from fitting
    yield store_run(subject, subject.precise.pruned, calibrated(subject, fitting), parent, "reconstructed")


def fitting_of(subject: Subject) -> fit.Reconstruction:
    """Return the fit of a cut network's layers, which runs as it is iterated.

    Raises:
        TaskError: the task has no train data.
    """
    precise = subject.precise
    cut = precise.uncalibrated
    return fit.reconstruct(
        precise.base.model,
        cut.model,
        precise.structure,
        cut.kept,
        subject.whole.train_split,
        masked=tuple(cut.masks),
    )


def calibrated(subject: Subject, fitting: fit.Reconstruction) -> nn.Module:
    """Return the fitted network, its BatchNorm statistics estimated anew where the recipe recalibrates."""
    train = subject.whole.train_split
    assert train is not None, "a fit without train data was refused"
    return recalibrate(fitting.model, train) if subject.recipe.recalibrate else fitting.model
