"""The scores of a base's units and weights by a criterion, and the gradients and norms they are computed from."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from prunekit.criteria import FALLBACK, Criterion, criterion_named
from prunekit.criteria.gradients import gradients
from prunekit.criteria.norms import input_norms
from prunekit.criteria.units import Scores, unit_scores
from prunekit.criteria.weights import layer_scores
from prunekit.errors import RecipeError
from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.subject.base import base_of
from prunekit.subject.opening import Opened
from prunekit.subject.remembered import remembered


@remembered(4)
def gradients_of(opened: Opened, run_id: str | None) -> Mapping[str, Tensor]:
    """Return the loss gradients of a base on train data, which the task has."""
    assert opened.train_split is not None
    return gradients(base_of(opened, run_id).model, opened.train_split)


@remembered(4)
def norms_of(opened: Opened, run_id: str | None) -> Mapping[str, Tensor]:
    """Return the norms of the inputs of a base's weights on train data, which the task has."""
    assert opened.train_split is not None
    return input_norms(base_of(opened, run_id).model, opened.train_split)


def evidence(opened: Opened, run_id: str | None, criterion: str) -> dict[str, Mapping[str, Tensor] | None]:
    """Return what a criterion reads besides weights, by the names under which scoring takes it.

    Raises:
        RecipeError: nobody knows the criterion, or it needs train data and the task has none.
    """
    record = criterion_named(criterion)
    if record.needs and opened.train_split is None:
        raise RecipeError(f"{record.title} scores need train data, and this task has none; use l1 or {FALLBACK}.")
    return {
        "gradients": gradients_of(opened, run_id) if "gradients" in record.needs else None,
        "norms": norms_of(opened, run_id) if "norms" in record.needs else None,
    }


def scores_of(opened: Opened, run_id: str | None, criterion: str, seed: int) -> Scores:
    """Return the scores of every prunable unit of a base.

    Raises:
        RecipeError: as ``evidence``.
    """
    return _scores_by(opened, run_id, criterion_named(criterion), seed)


@remembered(16)
def _scores_by(opened: Opened, run_id: str | None, criterion: Criterion, seed: int) -> Scores:
    """Score by a record, since a criterion that was edited is another one of the same name."""
    model, name = base_of(opened, run_id).model, criterion.name
    return unit_scores(model, opened.structure, name, seed=seed, **evidence(opened, run_id, name))


def scores_by_name(opened: Opened, mode: Mode, recipe: Recipe) -> dict[str, NDArray[Any]]:
    """Return the scores of each group's units, or of each layer's weights, by a recipe's criterion.

    Raises:
        RecipeError: as ``evidence``.
    """
    if mode is Mode.CHANNELS:
        return dict(scores_of(opened, recipe.base, recipe.criterion, recipe.seed).values)
    layers = {layer.name: layer.weight for layer in opened.structure.layers}
    tensors = evidence(opened, recipe.base, recipe.criterion)
    scores = layer_scores(opened.task.model, layers, recipe.criterion, seed=recipe.seed, **tensors)
    return {name: values.numpy() for name, values in scores.items()}
