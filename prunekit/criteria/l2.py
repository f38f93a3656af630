"""L2 norm: units with small weights are taken to matter little."""

from typing import TYPE_CHECKING

from prunekit.criteria.criterion import Criterion
from prunekit.criteria.score import ScoreInput, balanced

if TYPE_CHECKING:
    from torch import Tensor


def l2(inputs: ScoreInput) -> "Tensor":
    """Score a unit by the Euclidean norm of its weights.

    Source: the variant measured beside L1 in Li et al., 2017, arXiv 1608.08710.
    """
    from torch.linalg import vector_norm

    return balanced(vector_norm(weight, dim=1) for weight in inputs.weights)


L2 = Criterion(
    name="l2",
    title="L2 norm",
    caption="The length of a channel's weights; the shortest go first.",
    score=l2,
    by_magnitude=True,
)
