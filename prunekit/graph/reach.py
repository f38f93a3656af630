"""How much of a network can be cut at all, and what holds the rest."""

import math

import numpy as np

from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.structure import Structure

CUT = "can be cut"
ONE = "the only unit of its group always stays"
NO_LAYER = "no layer makes these channels"


def reach(structure: Structure) -> dict[str, int]:
    """Return how many parameters can be cut, and how many each reason holds; together they are all parameters.

    A parameter can be cut where one of its positions, along any dimension, belongs to a group that can lose it. Else
    the reason is that of the channel it helps to make.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> from prunekit.graph import structure_of
        >>> net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        >>> reach(structure_of(net, torch.zeros(2, 4)))
        {'can be cut': 42, 'network output': 2}
    """
    loses = np.array([group.protected is None and group.units > 1 for group in structure.groups] + [False])
    made_by = {layer.weight: OUTPUT_DIM[layer.op] for layer in structure.layers}
    params = {CUT: 0}
    counted = zip(structure.formula.tensors, structure.formula.weights[0].tolist(), strict=False)
    for name in (name for name, is_parameter in counted if is_parameter):
        dims = structure.atoms[name]
        stays = [~loses[structure.group_of[atoms]] for atoms in dims]
        if not dims:  # a single number
            params[NO_LAYER] = params.get(NO_LAYER, 0) + 1
            continue
        params[CUT] += math.prod(map(len, dims)) - math.prod(int(stay.sum()) for stay in stays)
        output = made_by.get(name, 0)
        each = math.prod(int(stay.sum()) for dim, stay in enumerate(stays) if dim != output)
        groups, positions = np.unique(structure.group_of[dims[output][stays[output]]], return_counts=True)
        for index, count in zip(groups.tolist(), positions.tolist(), strict=True):
            reason = NO_LAYER if index < 0 else structure.groups[index].protected or ONE
            params[reason] = params.get(reason, 0) + count * each
    return {reason: count for reason, count in params.items() if count}
