"""LAMP: magnitudes that can be held against those of other layers."""

from typing import TYPE_CHECKING

from prunekit.criteria.criterion import Criterion
from prunekit.criteria.score import ScoreInput, balanced

if TYPE_CHECKING:
    from torch import Tensor


def lamp(inputs: ScoreInput) -> "Tensor":
    """Score a weight by its square over the sum of the squares of all that are not smaller; units by their norms.

    Within a layer the order is that of the magnitudes; across layers one threshold leaves each layer something.

    Source: Lee et al., Layer-adaptive Sparsity for the Magnitude-based Pruning, 2021, arXiv 2010.07611.
    """
    import torch

    squares = balanced(torch.linalg.vector_norm(weight, dim=1) for weight in inputs.weights).double().square()
    order = squares.argsort(stable=True)
    rising = squares[order]
    not_smaller = rising.flip(0).cumsum(0).flip(0).clamp(min=torch.finfo(torch.float64).tiny)
    scores = torch.empty_like(squares)
    scores[order] = rising / not_smaller
    return scores


LAMP = Criterion(
    name="lamp",
    title="LAMP",
    caption="Sizes that can be held against other layers': pair it with the global preset.",
    score=lamp,
    comparable=True,
)
