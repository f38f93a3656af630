"""Random scores: what every other criterion has to beat."""

import torch
from torch import Tensor

from prunekit.criteria.score import ScoreInput


def random(given: ScoreInput) -> Tensor:
    """Score every unit by a uniform draw from [0, 1) that depends on the seed alone.

    Source: the baseline of Mittal et al., Recovering from Random Pruning, 2018, arXiv 1801.10447.
    """
    return torch.rand(given.units, generator=torch.Generator().manual_seed(given.seed))
