"""Magnitude criteria: what is small is thought to matter little."""

import torch
from torch import Tensor

from prunekit.criteria.score import ScoreInput, balanced


def l1(given: ScoreInput) -> Tensor:
    """Score a unit by the sum of its absolute weights.

    Source: Li et al., Pruning Filters for Efficient ConvNets, 2017, arXiv 1608.08710.
    """
    return balanced(weight.abs().sum(1) for weight in given.weights)


def l2(given: ScoreInput) -> Tensor:
    """Score a unit by the Euclidean norm of its weights.

    Source: the variant measured beside L1 in Li et al., 2017, arXiv 1608.08710.
    """
    return balanced(torch.linalg.vector_norm(weight, dim=1) for weight in given.weights)
