"""Wanda: a weight matters as much as it is large times how loud its input is."""

from typing import TYPE_CHECKING

from prunekit.criteria.criterion import Criterion
from prunekit.criteria.score import ScoreInput, balanced
from prunekit.errors import RecipeError

if TYPE_CHECKING:
    from torch import Tensor


def wanda(inputs: ScoreInput) -> "Tensor":
    """Score a weight by |w| · ‖x‖, its magnitude times the norm of the input it multiplies; units by the sum.

    Source: Sun et al., A Simple and Effective Pruning Approach for Large Language Models, 2024, arXiv 2306.11695.

    Raises:
        RecipeError: no input norms were given.
    """
    if inputs.norms is None:
        raise RecipeError("Wanda scores need activations on train data, and there are none; use l2.")
    pairs = zip(inputs.weights, inputs.norms, strict=True)
    return balanced((weight.abs() * norm).sum(1) for weight, norm in pairs)


WANDA = Criterion(
    name="wanda",
    title="Wanda",
    caption="A weight's size times how loud its input is on train samples.",
    score=wanda,
    needs=frozenset({"norms"}),
)
