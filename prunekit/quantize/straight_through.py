"""Training weights of few bits: forwards they are rounded, backwards they are not."""

from collections.abc import Mapping

from torch import Tensor, nn

from prunekit.graph.trace import named_tensors
from prunekit.measure.precision import Precision
from prunekit.quantize.codes import quantize


def rounded(model: nn.Module, precisions: Mapping[str, Precision]) -> dict[str, Tensor]:
    """Return a network's quantised weights, through which gradients pass unchanged to the weights themselves.

    Source: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons, 2013, arXiv 1308.3432.
    """
    weights = dict(named_tensors(model))
    return {
        name: weights[name] + (quantize(weights[name].detach(), precision) - weights[name]).detach()
        for name, precision in precisions.items()
    }


def quantize_(model: nn.Module, precisions: Mapping[str, Precision]) -> nn.Module:
    """Round the weights of a network that belongs to the caller, in place, and return it."""
    weights = dict(named_tensors(model))
    for name, precision in precisions.items():
        weights[name].data = quantize(weights[name].detach(), precision)
    return model
