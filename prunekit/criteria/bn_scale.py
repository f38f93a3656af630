"""BatchNorm scale: how strongly each channel is scaled by the BatchNorm behind it."""

from typing import TYPE_CHECKING

from prunekit.criteria.criterion import Criterion
from prunekit.criteria.score import NotScorableError, ScoreInput, balanced

if TYPE_CHECKING:
    from torch import Tensor


def bn_scale(inputs: ScoreInput) -> "Tensor":
    """Score a unit by the absolute BatchNorm scale |gamma| over its channels.

    Source: Liu et al., Learning Efficient Convolutional Networks through Network Slimming,
    2017, arXiv 1708.06519.

    Raises:
        NotScorableError: no BatchNorm runs over these units.
    """
    if not inputs.scales:
        raise NotScorableError("No BatchNorm runs over these units.")
    return balanced(scale.abs().sum(1) for scale in inputs.scales)


BN_SCALE = Criterion(
    name="bn_scale",
    title="BatchNorm scale",
    caption="How much the normalisation behind a channel lets through.",
    score=bn_scale,
    of="units",
)
