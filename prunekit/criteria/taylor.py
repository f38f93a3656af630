"""First-order Taylor: how much the loss would move if the unit were gone."""

from typing import TYPE_CHECKING

from prunekit.criteria.criterion import Criterion
from prunekit.criteria.score import ScoreInput, balanced
from prunekit.errors import RecipeError

if TYPE_CHECKING:
    from torch import Tensor


def taylor(inputs: ScoreInput) -> "Tensor":
    """Score a unit by (Σ g·w)², the squared first-order change of the loss when it is removed.

    The square is averaged over mini-batches, as in the paper: a single mean gradient of a trained
    network is near 0 and says little.

    Source: Molchanov et al., Importance Estimation for Neural Network Pruning, 2019,
    arXiv 1906.10771.

    Raises:
        RecipeError: no gradients were given.
    """
    if inputs.gradients is None:
        raise RecipeError("Taylor scores need gradients on train data, and there are none; use l2.")
    pairs = zip(inputs.weights, inputs.gradients, strict=True)
    return balanced((weight * gradient).sum(2).square().mean(0) for weight, gradient in pairs)


TAYLOR = Criterion(
    name="taylor",
    title="Taylor",
    caption="What the loss would lose, by its gradient on train samples.",
    score=taylor,
    needs=frozenset({"gradients"}),
)
