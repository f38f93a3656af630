"""BatchNorm scale: the network's own volume knob for each channel."""

from torch import Tensor

from prunekit.criteria.score import NotScorableError, ScoreInput, balanced


def bn_scale(given: ScoreInput) -> Tensor:
    """Score a unit by the absolute BatchNorm scale |gamma| over its channels.

    Source: Liu et al., Learning Efficient Convolutional Networks through Network Slimming,
    2017, arXiv 1708.06519.

    Raises:
        NotScorableError: no BatchNorm runs over these units.
    """
    if not given.scales:
        raise NotScorableError("No BatchNorm runs over these units.")
    return balanced(scale.abs().sum(1) for scale in given.scales)
