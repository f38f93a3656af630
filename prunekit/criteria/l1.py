"""L1 norm: units with small weights are taken to matter little."""

from typing import TYPE_CHECKING

from prunekit.criteria.criterion import Criterion
from prunekit.criteria.score import ScoreInput, balanced

if TYPE_CHECKING:
    from torch import Tensor


def l1(inputs: ScoreInput) -> "Tensor":
    """Score a unit by the sum of its absolute weights.

    Source: Li et al., Pruning Filters for Efficient ConvNets, 2017, arXiv 1608.08710.
    """
    return balanced(weight.abs().sum(1) for weight in inputs.weights)


L1 = Criterion(
    name="l1",
    title="L1 norm",
    caption="The sum of a channel's absolute weights; the smallest go first.",
    score=l1,
    by_magnitude=True,
)
