"""Unstructured sparsity: single weights set to zero, shapes unchanged."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from prunekit.graph.trace import named_tensors


def keep_highest(scores: Tensor, keep: int) -> Tensor:
    """Mark the weights with the highest scores; among equals the last in memory order stay.

    Args:
        scores: any shape.
        keep: how many weights stay; all where there are fewer.

    Returns:
        Boolean mask in the shape of ``scores`` with ``min(keep, numel)`` true entries.

    Example:
        >>> keep_highest(torch.tensor([3.0, 1.0, 2.0, 1.0]), 3)
        tensor([ True, False,  True,  True])
    """
    flat = scores.reshape(-1)
    remove = flat.numel() - keep
    if remove <= 0:
        return torch.ones_like(scores, dtype=torch.bool)
    threshold = flat.kthvalue(remove).values
    mask = flat >= threshold
    equal = (flat == threshold).nonzero()[:, 0]
    mask[equal[: remove - int((flat < threshold).sum())]] = False
    return mask.reshape(scores.shape)


def zero(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Set the weights whose mask is false to zero, in place.

    Args:
        model: a network that belongs to the caller.
        masks: tensor name → boolean mask in its shape.
    """
    tensors = dict(named_tensors(model))
    with torch.no_grad():
        for name, mask in masks.items():
            tensors[name].masked_fill_(~mask, 0.0)
