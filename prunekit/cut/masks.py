"""Unstructured sparsity: single weights set to zero, shapes unchanged."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from prunekit.graph.trace import named_tensors
from prunekit.pattern import Pattern


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


def ranks(scores: Tensor) -> Tensor:
    """Number the weights by their scores, from 0 on; among equals the first in memory order comes first.

    Those ranked ``numel - keep`` and above are those of ``keep_highest``, at any ``keep``.

    Args:
        scores: any shape.

    Returns:
        Whole numbers in the shape of ``scores``.

    Example:
        >>> ranks(torch.tensor([3.0, 1.0, 2.0, 1.0])).tolist()
        [3, 0, 2, 1]
    """
    flat = scores.reshape(-1)
    rank = torch.empty(flat.numel(), dtype=torch.int32)
    rank[flat.argsort(stable=True)] = torch.arange(flat.numel(), dtype=torch.int32)
    return rank.reshape(scores.shape)


def keep_pattern(scores: Tensor, pattern: Pattern, dim: int) -> Tensor:
    """Mark all but the lowest ``n`` of every ``m`` neighbours along a dimension; a shorter rest stays whole.

    Source: Mishra et al., Accelerating Sparse Deep Neural Networks, 2021, arXiv 2104.08378.

    Args:
        scores: any shape.
        pattern: how many of how many are zero.
        dim: the dimension that a layer sums over.

    Returns:
        Boolean mask in the shape of ``scores``.

    Example:
        >>> keep_pattern(torch.tensor([[3.0, 1.0, 2.0, 4.0, 0.5]]), Pattern("2:4"), 1)
        tensor([[ True, False, False,  True,  True]])
    """
    rows = scores.movedim(dim, -1)
    whole = rows.shape[-1] // pattern.m * pattern.m
    blocks = rows[..., :whole].reshape(*rows.shape[:-1], -1, pattern.m)
    lowest = blocks.argsort(dim=-1, stable=True)[..., : pattern.n]
    kept = torch.ones_like(blocks, dtype=torch.bool).scatter(-1, lowest, value=False)
    mask = torch.ones_like(rows, dtype=torch.bool)
    mask[..., :whole] = kept.flatten(-2)
    return mask.movedim(-1, dim)


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
