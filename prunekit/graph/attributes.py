"""Sizes that modules remember beside their tensors, recomputed from the tensors' shapes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.graph.trace import named_tensors

Repair = Callable[[Any], None]


def _linear(module: nn.Linear) -> None:
    module.out_features, module.in_features = module.weight.shape


def _convolution(module: nn.modules.conv._ConvNd) -> None:
    outputs, inputs = module.weight.shape[:2]
    if module.transposed:
        if module.groups > 1 and module.groups == module.in_channels:
            module.groups = outputs
        module.in_channels, module.out_channels = outputs, inputs * module.groups
    elif module.groups > 1 and module.groups == module.in_channels:
        multiplier = module.out_channels // module.groups
        module.groups = module.in_channels = outputs // multiplier
        module.out_channels = outputs
    else:
        module.in_channels, module.out_channels = inputs * module.groups, outputs


def _batch_norm(module: nn.modules.batchnorm._NormBase) -> None:
    tensor = module.weight if module.weight is not None else module.running_mean
    if tensor is not None:
        module.num_features = tensor.numel()


def _layer_norm(module: nn.LayerNorm | nn.RMSNorm) -> None:
    if module.weight is not None:
        module.normalized_shape = tuple(module.weight.shape)


def _group_norm(module: nn.GroupNorm) -> None:
    if module.weight is not None:
        if module.num_groups == module.num_channels:  # a group for each channel
            module.num_groups = module.weight.numel()
        module.num_channels = module.weight.numel()


def _embedding(module: nn.Embedding) -> None:
    module.num_embeddings, module.embedding_dim = module.weight.shape


def _prelu(module: nn.PReLU) -> None:
    module.num_parameters = module.weight.numel()


def _recurrent(module: Any) -> None:
    module.input_size = module.weight_ih_l0.shape[1]
    if not module.proj_size:
        module.hidden_size = module.weight_hh_l0.shape[1]
    module._init_flat_weights()  # the list that it calls its operation with


def _recurrent_cell(module: nn.RNNCellBase) -> None:
    module.input_size, module.hidden_size = module.weight_ih.shape[1], module.weight_hh.shape[1]


REPAIRS: dict[type[nn.Module], Repair] = {
    nn.Linear: _linear,
    nn.modules.conv._ConvNd: _convolution,
    nn.modules.batchnorm._NormBase: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.RMSNorm: _layer_norm,
    nn.GroupNorm: _group_norm,
    nn.Embedding: _embedding,
    nn.PReLU: _prelu,
    nn.RNNBase: _recurrent,
    nn.RNNCellBase: _recurrent_cell,
}


def repair_attributes(model: nn.Module) -> None:
    """Make every module's remembered sizes agree with its tensors, in place."""
    for module in model.modules():
        for kind, repair in REPAIRS.items():
            if isinstance(module, kind):
                repair(module)


def fit_shapes(model: nn.Module, shapes: Mapping[str, Sequence[int]]) -> None:
    """Give a freshly made dense network the tensor shapes of a smaller one, in place.

    Args:
        model: the network; its tensors are replaced by uninitialised ones where shapes differ.
        shapes: the smaller network's shapes by tensor name, tied names included or not.
    """
    replaced: dict[int, Tensor] = {}
    for name, tensor in named_tensors(model):
        if name in shapes and tuple(shapes[name]) != tuple(tensor.shape):
            empty = torch.empty(tuple(shapes[name]), dtype=tensor.dtype, device=tensor.device)
            is_parameter = isinstance(tensor, nn.Parameter)
            replaced[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty
    for module in model.modules():
        for store in (module._parameters, module._buffers):
            for leaf, held in store.items():
                if held is not None and id(held) in replaced:
                    store[leaf] = replaced[id(held)]  # type: ignore[assignment]
    repair_attributes(model)
