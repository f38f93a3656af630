"""Reconstruction: the layers behind a cut are fitted by least squares, without training, and kept as a run."""

from collections.abc import Iterator

from torch import nn

from prunekit.errors import RecipeError
from prunekit.recipe import Recipe
from prunekit.records import Fitted, Run
from prunekit.recover import reconstruct as fit
from prunekit.recover.recalibrate import recalibrate
from prunekit.subject.exactness import exactness
from prunekit.subject.opening import Opened
from prunekit.subject.subject import Subject, resolve
from prunekit.verbs.recovered import store_run


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
    exactness(subject)
    fitting = fitting_of(subject)
    if not fitting.layers:
        raise RecipeError(
            "Reconstruction fits layers that read cut channels, and this recipe leaves none; cut channels."
        )
    return _reconstruct(subject, fitting, parent)


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
