"""Which weights go first: a slider's weights in bins, by their value and by when a cut takes them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from prunekit.graph.labels import Atoms
from prunekit.look.distributions import largest
from prunekit.records import Leaving

BINS, STEPS = 24, 16


def steps_of(ranks: Atoms, steps: int) -> Atoms:
    """Share out pieces to steps by their rank, from the first to go to the last.

    Args:
        ranks: ``(pieces,)`` 0 for the piece that goes first.
        steps: how many steps there are at most.

    Returns:
        ``(pieces,)`` the step of each piece.

    Example:
        >>> steps_of(np.array([3, 0, 2, 1]), 2).tolist()
        [1, 0, 1, 0]
    """
    return ranks * min(steps, len(ranks)) // max(1, len(ranks))


def ranks_of(order: Sequence[int]) -> Atoms:
    """Return the rank of each piece in an order.

    Example:
        >>> ranks_of([2, 0, 1]).tolist()
        [1, 2, 0]
    """
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[list(order)] = np.arange(len(order))
    return ranks


def leaving(name: str, parts: Sequence[tuple[Tensor, Tensor]], steps: int, bins: int = BINS) -> Leaving:
    """Bin the weights of several tensors by value and by step.

    Args:
        name: what is cut.
        parts: for each tensor its weights ``(pieces, entries)`` and the step of each piece.
        steps: the number of steps.
        bins: equally wide bins.
    """
    reach = max((largest(weights) for weights, _ in parts), default=0.0) or 1.0
    counts = torch.zeros(steps * bins, dtype=torch.int64)
    for weights, step in parts:
        places = weights.float().div(2 * reach).add_(0.5).mul_(bins).to(torch.int64).clamp_(0, bins - 1)
        counts += torch.bincount((places + bins * step[:, None]).flatten(), minlength=steps * bins)
    return Leaving(name, reach, tuple(tuple(row) for row in counts.reshape(steps, bins).tolist()))
