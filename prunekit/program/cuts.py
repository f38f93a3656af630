"""Cuts: which tensors of a network are replaced, and by what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.shrink import slice_state
from prunekit.graph.structure import Structure


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Tensors that stand in for the network's own.

    Attributes:
        tensors: name → tensor; of the same shape unless ``survives`` says what is left.
        survives: for each atom of the structure whether it stays; ``None`` where no shape changes.
        kept: the units kept of each group that loses channels; empty where no shape changes.
    """

    tensors: Mapping[str, Tensor]
    survives: NDArray[np.bool_] | None = None
    kept: Mapping[str, Sequence[int]] = field(default_factory=dict)


def without_weights(state: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Cut:
    """Zero the weights whose mask is false.

    Args:
        state: the network's tensors by name.
        masks: tensor name → boolean mask in its shape.
    """
    return Cut({name: torch.where(mask, state[name], 0.0) for name, mask in masks.items()})


def without_channels(state: Mapping[str, Tensor], structure: Structure, kept: Mapping[str, Sequence[int]]) -> Cut:
    """Take channels out of every tensor that holds them.

    Args:
        state: the network's tensors by name.
        structure: its analysis.
        kept: the units kept of each group that is cut.
    """
    names = structure.kept_positions(kept)
    tensors = slice_state({name: state[name] for name in names}, structure, kept)
    return Cut(tensors, structure.survivors(kept), dict(kept))


def unread(state: Mapping[str, Tensor], structure: Structure, kept: Mapping[str, Sequence[int]]) -> Cut | None:
    """Zero what reads the channels instead of taking them out, so that no shape changes.

    Returns:
        The cut; ``None`` where it would be another network, because a normalisation or softmax
        takes statistics over the channels.
    """
    if any(structure.group(name).statistics for name in kept):
        return None
    outputs = {layer.weight: OUTPUT_DIM[layer.op] for layer in structure.layers}
    tensors: dict[str, Tensor] = {}
    for name, dims in structure.kept_positions(kept).items():
        for dim, positions in dims.items():
            if name in outputs and dim != outputs[name]:
                gone = np.setdiff1d(np.arange(state[name].shape[dim]), positions)
                tensors[name] = tensors.get(name, state[name]).index_fill(dim, torch.from_numpy(gone), 0.0)
    return Cut(tensors)
