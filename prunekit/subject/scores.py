"""What the criteria say of a base: the scores of its units, and what they are computed from."""

from collections.abc import Mapping

from torch import Tensor

from prunekit.criteria.gradients import gradients
from prunekit.criteria.norms import input_norms
from prunekit.criteria.units import Scores, unit_scores
from prunekit.errors import RecipeError
from prunekit.subject.base import base_of
from prunekit.subject.opening import Opened
from prunekit.subject.remembered import remembered
from prunekit.tasks.task import Split

GRADIENT_CRITERIA = frozenset({"taylor"})
NORM_CRITERIA = frozenset({"wanda"})


@remembered(4)
def gradients_of(opened: Opened, run_id: str | None) -> Mapping[str, Tensor]:
    """Return the loss gradients of a base on train data.

    Raises:
        RecipeError: the task has no train data.
    """
    return gradients(base_of(opened, run_id).model, _train_split(opened, "Taylor"))


@remembered(4)
def norms_of(opened: Opened, run_id: str | None) -> Mapping[str, Tensor]:
    """Return the norms of the inputs of a base's weights on train data.

    Raises:
        RecipeError: the task has no train data.
    """
    return input_norms(base_of(opened, run_id).model, _train_split(opened, "Wanda"))


def evidence(opened: Opened, run_id: str | None, criterion: str) -> dict[str, Mapping[str, Tensor] | None]:
    """Return what a criterion reads besides weights, by the names under which scoring takes it."""
    return {
        "gradients": gradients_of(opened, run_id) if criterion in GRADIENT_CRITERIA else None,
        "norms": norms_of(opened, run_id) if criterion in NORM_CRITERIA else None,
    }


@remembered(16)
def scores_of(opened: Opened, run_id: str | None, criterion: str, seed: int) -> Scores:
    """Return the scores of every prunable unit of a base."""
    model = base_of(opened, run_id).model
    return unit_scores(model, opened.structure, criterion, seed=seed, **evidence(opened, run_id, criterion))


def _train_split(opened: Opened, scores: str) -> Split:
    if opened.train_split is None:
        raise RecipeError(f"{scores} scores need train data, and this task has none; use l1 or l2.")
    return opened.train_split
