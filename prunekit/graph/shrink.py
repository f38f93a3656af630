"""Makes the really smaller network: the user's own class with sliced tensors, or its graph where the class cannot."""

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from prunekit.graph.attributes import repair_attributes
from prunekit.graph.structure import Structure
from prunekit.graph.trace import named_tensors
from prunekit.tasks.folding import results_of


def shrink(model: nn.Module, structure: Structure, kept: Mapping[str, Sequence[int]]) -> nn.Module:
    """Copy a network without the units that are not kept.

    The copy is made by deep-copying with the sliced tensors already in place, so the dense weights
    are never copied, and tensors that were shared stay shared.

    Args:
        model: the dense network; it is not changed.
        structure: its analysis.
        kept: the units kept of each group that is cut; groups not named stay whole.

    Returns:
        A smaller network in the same mode, with the same names of modules and tensors: of the same class, or a
        `GraphNetwork` where the class fixes a size that is cut.

    Example:
        >>> from prunekit.graph import structure_of
        >>> net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        >>> small = shrink(net, structure_of(net, torch.zeros(2, 4)), {"0": [0, 2, 5]})
        >>> small
        Sequential(
          (0): Linear(in_features=4, out_features=3, bias=True)
          (1): ReLU()
          (2): Linear(in_features=3, out_features=2, bias=True)
        )
    """
    smaller = shrink_class(model, structure, kept)
    if structure.rewriting is None or not structure.needs_graph(kept):
        return smaller
    return structure.rewriting.network(smaller, structure.survivors(kept))


def shrink_class(model: nn.Module, structure: Structure, kept: Mapping[str, Sequence[int]]) -> nn.Module:
    """Copy a network of the same class without the units that are not kept, whether or not it can run."""
    cuts = structure.kept_positions(kept)
    memo = results_of(model)
    for name, tensor in named_tensors(model):
        if name in cuts:
            smaller = _slice(tensor.detach(), cuts[name])
            memo[id(tensor)] = (
                nn.Parameter(smaller, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else smaller
            )
    smaller_model = copy.deepcopy(model, memo)
    repair_attributes(smaller_model)
    return smaller_model


def slice_state(
    state: Mapping[str, Tensor], structure: Structure, kept: Mapping[str, Sequence[int]]
) -> dict[str, Tensor]:
    """Slice named dense tensors (weights, gradients, masks) as `shrink` slices the network's."""
    cuts = structure.kept_positions(kept)
    return {name: _slice(tensor, cuts.get(name, {})) for name, tensor in state.items()}


def expand_state(
    state: Mapping[str, Tensor],
    dense: Mapping[str, Tensor],
    structure: Structure,
    kept: Mapping[str, Sequence[int]],
) -> dict[str, Tensor]:
    """Put a smaller network's tensors back at their dense positions, zeros elsewhere.

    The inverse of `slice_state`: slicing the result with the same units gives the tensors back.
    """
    cuts = structure.kept_positions(kept)
    expanded: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name not in cuts:
            expanded[name] = tensor.clone()
            continue
        whole = torch.zeros_like(dense[name])
        index = [torch.from_numpy(cuts[name].get(d, np.arange(size))) for d, size in enumerate(whole.shape)]
        whole[torch.meshgrid(*index, indexing="ij")] = tensor
        expanded[name] = whole
    return expanded


def _slice(tensor: Tensor, dims: Mapping[int, NDArray[np.int64]]) -> Tensor:
    if tensor.is_meta:
        return tensor.new_empty([len(dims[d]) if d in dims else size for d, size in enumerate(tensor.shape)])
    for d, positions in dims.items():
        tensor = tensor.index_select(d, torch.from_numpy(positions).to(tensor.device))
    return tensor if dims else tensor.clone()
