"""Training weights of few bits: forwards they are rounded, backwards they are not."""

import copy
from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from prunekit.cut.precision import Precision
from prunekit.graph.trace import named_tensors
from prunekit.quantize.activations import levels, round_inputs
from prunekit.quantize.codes import quantize
from prunekit.tasks.task import Split


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


def quantised(
    model: nn.Module, precisions: Mapping[str, Precision], rounding: Iterable[str], split: Split | None
) -> nn.Module:
    """Copy a network the way it is measured and exported: its weights rounded, then the inputs of some modules.

    Args:
        model: the network; untouched.
        precisions: weights to round.
        rounding: paths of modules whose inputs are rounded.
        split: train samples that their ranges are found on; needed where some are rounded.
    """
    few = quantize_(copy.deepcopy(model), precisions)
    paths = tuple(rounding)
    if not paths:
        return few
    assert split is not None, "a recipe that rounds activations is refused without train data"
    return round_inputs(few, levels(few, paths, split))
