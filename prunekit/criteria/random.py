"""Random scores: what every other criterion has to beat."""

from typing import TYPE_CHECKING

from prunekit.criteria.criterion import Criterion
from prunekit.criteria.score import ScoreInput

if TYPE_CHECKING:
    from torch import Tensor


def random(inputs: ScoreInput) -> "Tensor":
    """Score every unit by a uniform draw from [0, 1) that depends on the seed alone.

    Source: the baseline of Mittal et al., Recovering from Random Pruning, 2018, arXiv 1801.10447.
    """
    import torch

    return torch.rand(inputs.units, generator=torch.Generator().manual_seed(inputs.seed))


RANDOM = Criterion(
    name="random",
    title="Random",
    caption="Drawn with the recipe's seed; what any other criterion should beat.",
    score=random,
)
