"""First-order Taylor: how much the loss would move if the unit were gone."""

from torch import Tensor

from prunekit.criteria.score import ScoreInput, balanced
from prunekit.errors import RecipeError


def taylor(given: ScoreInput) -> Tensor:
    """Score a unit by (Σ g·w)², the squared first-order change of the loss when it is removed.

    The paper averages the square over mini-batches; here ``g`` is the gradient of the mean loss
    over all samples given, that is one large batch.

    Source: Molchanov et al., Importance Estimation for Neural Network Pruning, 2019,
    arXiv 1906.10771.

    Raises:
        RecipeError: no gradients were given.
    """
    if given.gradients is None:
        raise RecipeError("Taylor scores need gradients on train data, and there are none; use l2.")
    pairs = zip(given.weights, given.gradients, strict=True)
    return balanced((weight * gradient).sum(1).square() for weight, gradient in pairs)
