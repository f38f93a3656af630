"""LAMP: magnitudes that can be held against those of other layers."""

import torch
from torch import Tensor

from prunekit.criteria.score import ScoreInput, balanced


def lamp(given: ScoreInput) -> Tensor:
    """Score a weight by its square over the sum of the squares of all that are not smaller; units by their norms.

    Within a layer the order is that of the magnitudes; across layers one threshold leaves each layer something.

    Source: Lee et al., Layer-adaptive Sparsity for the Magnitude-based Pruning, 2021, arXiv 2010.07611.
    """
    squares = balanced(torch.linalg.vector_norm(weight, dim=1) for weight in given.weights).double().square()
    order = squares.argsort(stable=True)
    rising = squares[order]
    left = rising.flip(0).cumsum(0).flip(0).clamp(min=torch.finfo(torch.float64).tiny)
    scores = torch.empty_like(squares)
    scores[order] = rising / left
    return scores
