"""Fused steps: convolution, BatchNorm, addition and activation as one call of oneDNN.

BatchNorm in eval mode is a scale and a shift of each channel, so it folds into the convolution's
weights; the addition and the activation run on each output tile while it is in cache.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from prunekit.program.operations import Operation, Operations
from prunekit.program.step import Step, plain

mkldnn = torch.ops.mkldnn
aten = torch.ops.aten

Activation = tuple[str, list[float], str]
NONE: Activation = ("none", [], "")
DEFAULTS: tuple[Any, ...] = (None, 1, 0, 1, 1)
"""A convolution's bias, stride, padding, dilation and groups where the call leaves them out."""

ROWS = 64
"""The batch size for which oneDNN lays out weights."""


def fused(source: Operations, fold_norms: bool = True, dtype: torch.dtype = torch.float32) -> list[Step]:
    """Make the steps of a forward pass, fused where oneDNN has one call for several operations.

    Args:
        source: the operations.
        fold_norms: whether BatchNorm is part of the convolution before it; else it is a step of its own.
        dtype: what convolutions and linear layers compute in; BatchNorm is folded in single precision.
    """
    names = source.trace.tensors
    chains = {call.node: chain for chain in _chains(source, fold_norms) for call in chain.calls}
    steps = []
    for call in source.calls:
        chain = chains.get(call.node)
        if chain is None:
            steps.append(plain(call, names))
        elif chain.calls[-1] is call:  # where its last operation stood, so that all it reads is there
            make = _linear if chain.root.name == "linear" else _convolution
            steps.append(make(chain, names, dtype))
    return steps


def suits(state: Mapping[str, Tensor]) -> bool:
    """Whether this build of torch has the calls, and the tensors are what they take: single precision."""
    kinds = {tensor.dtype for tensor in state.values() if tensor.is_floating_point()}
    return torch._C._has_mkldnn and hasattr(mkldnn, "_convolution_pointwise") and kinds == {torch.float32}


@dataclass(slots=True)
class _Chain:
    """A convolution or linear layer and what follows it alone."""

    root: Operation
    calls: list[Operation]
    norm: Operation | None = None
    other: fx.Node | None = None
    activation: Activation = NONE


def _chains(source: Operations, fold_norms: bool) -> Iterator[_Chain]:
    tensors = source.trace.tensors
    readers: dict[fx.Node, list[Operation]] = {}
    for call in source.calls:
        for node in call.inputs:
            readers.setdefault(node, []).append(call)
    taken: set[fx.Node] = set()

    def next_of(chain: _Chain) -> Operation | None:
        node = chain.calls[-1].node
        following = readers.get(node, [])
        if len(following) != 1 or node is source.output or following[0].node in taken:
            return None
        return following[0]

    for call in source.calls:
        if not _is_root(call, tensors):
            continue
        chain = _Chain(call, [call])
        follower = next_of(chain)
        folds = fold_norms and call.name == "conv2d"
        if folds and follower is not None and _is_norm(follower, call.node, tensors):
            chain.norm = follower
            chain.calls.append(follower)
            follower = next_of(chain)
        if follower is not None and (other := _other(follower, chain, tensors)) is not None:
            chain.other = other
            chain.calls.append(follower)
            follower = next_of(chain)
        if follower is not None and (activation := _activation(follower, chain)) is not None:
            chain.activation = activation
            chain.calls.append(follower)
        taken.update(member.node for member in chain.calls)
        yield chain


def _is_root(call: Operation, tensors: Mapping[fx.Node, str]) -> bool:
    if call.name not in ("conv2d", "linear") or any(isinstance(leaf, str) for leaf in call.args):
        return False
    return all(node in tensors for node in call.inputs if node is not call.args[0])


def _is_norm(call: Operation, node: fx.Node, tensors: Mapping[fx.Node, str]) -> bool:
    return call.name == "batch_norm" and call.args[0] is node and all(a is None or a in tensors for a in call.args[1:5])


def _other(call: Operation, chain: _Chain, tensors: Mapping[fx.Node, str]) -> fx.Node | None:
    """Return what an addition adds to the chain, where oneDNN can add it."""
    if call.name != "add" or call.kwargs or len(call.args) != 2 or call.shape != chain.root.shape:
        return None
    others = [value for value in call.args if value is not chain.calls[-1].node]
    if len(others) != 1 or not isinstance(others[0], fx.Node) or others[0] in tensors:
        return None
    value = others[0].meta.get("val")
    return others[0] if isinstance(value, Tensor) and value.shape == chain.root.node.meta["val"].shape else None


ACTIVATIONS: dict[str, Callable[[Sequence[Any]], Activation]] = {
    "relu": lambda args: ("relu", [], ""),
    "relu6": lambda args: ("hardtanh", [0.0, 6.0], ""),
    "hardtanh": lambda args: ("hardtanh", [float(a) for a in (*args[1:], -1.0, 1.0)[:2]], ""),
    "silu": lambda args: ("swish", [], ""),
    "hardswish": lambda args: ("hardswish", [], ""),
    "sigmoid": lambda args: ("sigmoid", [], ""),
    "tanh": lambda args: ("tanh", [], ""),
}


def _activation(call: Operation, chain: _Chain) -> Activation | None:
    if call.name == "gelu" and chain.root.name == "linear" and chain.other is None:
        return "gelu", [], call.kwargs.get("approximate", "none")
    if call.kwargs or call.name not in ACTIVATIONS or len(call.args) == 2:
        return None
    if chain.other is not None and (call.name != "relu" or chain.root.name == "linear"):
        return None
    return ACTIVATIONS[call.name](call.args)


def _linear(chain: _Chain, names: Mapping[fx.Node, str], dtype: torch.dtype) -> Step:
    weight, *bias = (names[node] for node in chain.root.inputs[1:])
    kind, scalars, algorithm = chain.activation

    def prepare(tensors: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        weights, *shift = (tensor.to(dtype) for tensor in tensors)
        return mkldnn._reorder_linear_weight(weights.contiguous(), None), shift[0] if bias else None

    def run(n: int, prepared: tuple[Tensor, Tensor | None], x: Tensor, *other: Tensor) -> Any:
        if other:
            return mkldnn._linear_pointwise.binary(x, other[0], *prepared, "add")
        return mkldnn._linear_pointwise(x, *prepared, kind, scalars, algorithm)

    return Step(tuple(chain.calls), _reads(chain), (weight, *bias), prepare, run)


def _reads(chain: _Chain) -> tuple[fx.Node, ...]:
    return (chain.root.args[0],) if chain.other is None else (chain.root.args[0], chain.other)


def _convolution(chain: _Chain, names: Mapping[fx.Node, str], dtype: torch.dtype) -> Step:
    arguments: tuple[Any, ...] = (*chain.root.args, *DEFAULTS[len(chain.root.args) - 2 :])
    x, weight, bias, stride, padding, dilation, groups = arguments
    stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
    tensors = [names[weight]] + ([names[bias]] if bias is not None else [])
    norm: list[str | None] = []
    if chain.norm is not None:
        norm = [None if node is None else names[node] for node in chain.norm.args[1:5]]
        tensors += [name for name in norm if name is not None]
    kind, scalars, algorithm = chain.activation
    shape = x.meta["val"].shape
    depthwise = groups > 1 and groups == shape[1]
    # In channels-last order a 1×1 convolution is a matrix product, and oneDNN's product is the faster of the two.
    as_product = (
        weight.meta["val"].shape[2:] == (1, 1)
        and groups == 1
        and (stride, padding) == ([1, 1], [0, 0])
        and (chain.other is None or kind == "none")
    )

    def prepare(read: Sequence[Tensor]) -> tuple[Tensor, Tensor | None, int]:
        rest = list(read)
        kernel = rest.pop(0)
        shift = rest.pop(0) if bias is not None else None
        if chain.norm is not None:
            scale, beta, mean, variance = (None if name is None else rest.pop(0) for name in norm)
            kernel, shift = fold(kernel, shift, scale, beta, mean, variance, chain.norm.args[7])
        # A depthwise convolution that lost channels has fewer groups.
        count = kernel.shape[0] * groups // weight.meta["val"].shape[0] if depthwise else groups
        kernel, shift = kernel.to(dtype), None if shift is None else shift.to(dtype)
        if as_product:
            return mkldnn._reorder_linear_weight(kernel.flatten(1).contiguous(), None), shift, count
        inputs = [ROWS, kernel.shape[1] * count, *shape[2:]]
        kernel = mkldnn._reorder_convolution_weight(kernel.contiguous(), padding, stride, dilation, count, inputs)
        return kernel, shift, count

    def run(n: int, prepared: tuple[Tensor, Tensor | None, int], x: Tensor, *other: Tensor) -> Any:
        weight, shift, count = prepared
        if as_product:
            rows = x.permute(0, 2, 3, 1)
            if other:
                added = other[0].permute(0, 2, 3, 1)
                return mkldnn._linear_pointwise.binary(rows, added, weight, shift, "add").permute(0, 3, 1, 2)
            return mkldnn._linear_pointwise(rows, weight, shift, kind, scalars, algorithm).permute(0, 3, 1, 2)
        if other:
            after = None if kind == "none" else kind
            return mkldnn._convolution_pointwise.binary(
                x, other[0], weight, shift, padding, stride, dilation, count, "add", 1.0, after, [], ""
            )
        return mkldnn._convolution_pointwise(
            x, weight, shift, padding, stride, dilation, count, kind, scalars, algorithm
        )

    return Step(tuple(chain.calls), _reads(chain), tuple(tensors), prepare, run)


def fold(
    weight: Tensor,
    bias: Tensor | None,
    scale: Tensor | None,
    shift: Tensor | None,
    mean: Tensor | None,
    variance: Tensor | None,
    epsilon: float,
) -> tuple[Tensor, Tensor]:
    """Fold BatchNorm in eval mode into the convolution before it.

    Args:
        weight: ``(out, in, height, width)``.
        bias: ``(out,)``, as are all that follow.
        scale: BatchNorm's weight.
        shift: BatchNorm's bias.
        mean: running mean.
        variance: running variance.
        epsilon: what is added to the variance.

    Returns:
        The weight and bias of the convolution that does both.
    """
    assert mean is not None, "BatchNorm in eval mode has running statistics"
    assert variance is not None, "BatchNorm in eval mode has running statistics"
    factor = torch.rsqrt(variance + epsilon)
    if scale is not None:
        factor = factor * scale
    moved = (-mean if bias is None else bias - mean) * factor
    return weight * factor.view(-1, *[1] * (weight.dim() - 1)), moved if shift is None else moved + shift


def _pair(value: Any) -> list[int]:
    values = [value] if isinstance(value, int) else list(value)
    return values * 2 if len(values) == 1 else values
