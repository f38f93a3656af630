"""Histograms of weights, binned here so that raw weights never travel."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from prunekit.graph.structure import Structure
from prunekit.graph.trace import named_tensors
from prunekit.records import Histogram

BINS = 64


def histograms(
    model: nn.Module, structure: Structure, *, bins: int = BINS, reach: float | None = None
) -> tuple[Histogram, ...]:
    """Bin the weights of every layer over a range that is symmetric about 0.

    Args:
        model: the network, dense or pruned.
        structure: the analysis of the dense network.
        bins: equally wide bins.
        reach: half the range of all layers, so that they can be compared; each its own for ``None``.

    Returns:
        One histogram for each layer, in execution order.
    """
    return tuple(
        histogram(name, weight, largest(weight) if reach is None else reach, bins)
        for name, weight in _weights(model, structure)
    )


def widest(model: nn.Module, structure: Structure) -> float:
    """Return the largest magnitude of all layers' weights."""
    return max((largest(weight) for _, weight in _weights(model, structure)), default=0.0)


def largest(weight: Tensor) -> float:
    """Return the largest magnitude in a tensor, 0 for an empty one.

    Example:
        >>> largest(torch.tensor([[-3.0, 2.0]]))
        3.0
    """
    return max(abs(float(end)) for end in torch.aminmax(weight)) if weight.numel() else 0.0


def histogram(layer: str, weight: Tensor, reach: float, bins: int = BINS) -> Histogram:
    """Bin one tensor from ``-reach`` to ``reach``; a reach of 0 becomes 1.

    Args:
        layer: what the tensor belongs to.
        weight: any shape.
        reach: half the range, at least the largest magnitude.
        bins: equally wide bins.
    """
    high = reach or 1.0
    # Twice as fast as histc. Half a range added at last leaves 0 on its edge; the last bin holds its right edge.
    places = weight.float().flatten().div(2 * high).add_(0.5).mul_(bins).to(torch.int32).clamp_(0, bins - 1)
    counts = torch.bincount(places, minlength=bins)
    return Histogram(
        layer=layer,
        low=-high,
        high=high,
        counts=tuple(counts.tolist()),
        n=weight.numel(),
        zeros=weight.numel() - int(torch.count_nonzero(weight)),
    )


def _weights(model: nn.Module, structure: Structure) -> Iterator[tuple[str, Tensor]]:
    tensors = dict(named_tensors(model))
    return ((layer.name, tensors[layer.weight].detach()) for layer in structure.layers)
