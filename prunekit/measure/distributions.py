"""Histograms of weights, binned here so that raw weights never travel."""

import torch
from torch import Tensor, nn

from prunekit.graph.structure import Structure
from prunekit.graph.trace import named_tensors
from prunekit.records import Histogram

BINS = 64


def histograms(
    model: nn.Module, structure: Structure, *, bins: int = BINS, common_range: bool = False
) -> tuple[Histogram, ...]:
    """Bin the weights of every layer over a range that is symmetric about 0.

    Args:
        model: the network, dense or pruned.
        structure: the analysis of the dense network.
        bins: equally wide bins.
        common_range: give all layers the range of the widest, so that they can be compared.

    Returns:
        One histogram for each layer, in execution order.
    """
    tensors = dict(named_tensors(model))
    weights = {layer.name: tensors[layer.weight].detach() for layer in structure.layers}
    reach = {name: float(weight.abs().max()) for name, weight in weights.items()}
    widest = max(reach.values(), default=0.0)
    return tuple(
        histogram(name, weight, widest if common_range else reach[name], bins) for name, weight in weights.items()
    )


def histogram(layer: str, weight: Tensor, reach: float, bins: int = BINS) -> Histogram:
    """Bin one tensor from ``-reach`` to ``reach``; a reach of 0 becomes 1.

    Args:
        layer: what the tensor belongs to.
        weight: any shape.
        reach: half the range; weights beyond it are not counted.
        bins: equally wide bins.
    """
    high = reach or 1.0
    counts = torch.histc(weight.float(), bins, -high, high)
    return Histogram(
        layer=layer,
        low=-high,
        high=high,
        counts=tuple(int(count) for count in counts.tolist()),
        n=weight.numel(),
        zeros=weight.numel() - int(torch.count_nonzero(weight)),
    )
