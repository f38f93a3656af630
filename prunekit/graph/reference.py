"""The exact reference of a cut: the dense network whose consumers do not read the channels that are gone.

It runs the recorded operations in their dense shapes, so it shares nothing with shrinking but the labels. What a
product sums over is masked there, and normalisations take their statistics over the channels that stay.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx

from prunekit.graph.calls import bind
from prunekit.graph.cells import RECURRENT, cells, source
from prunekit.graph.labels import STATISTIC, Call, Labels
from prunekit.graph.rules.reduction import reduced_axes
from prunekit.graph.sizes import Survives
from prunekit.graph.trace import Trace


def reference(
    traced: Trace, labels: Labels, survives: Survives, tensors: Mapping[str, Tensor], inputs: Sequence[Tensor]
) -> list[Tensor]:
    """Run the dense network without reading the channels that are gone.

    Args:
        traced: the dense network.
        labels: the labels of its values.
        survives: which atoms stay.
        tensors: its parameters and buffers, by name.
        inputs: the tensors it was traced with, or others of their shapes.

    Returns:
        Its outputs, in the order in which they were recorded.
    """
    masks = _Masks(labels, survives)
    unread = iter(inputs)
    values: dict[fx.Node, Any] = {}
    with torch.no_grad():
        for node in traced.graph.nodes:
            if node.op == "placeholder":
                name = traced.tensors.get(node)
                values[node] = (next(unread) if name is None else tensors[name]).detach().clone()
            elif node.op == "get_attr":
                values[node] = traced.constants[node].clone()
            elif node.op == "call_function":
                values[node] = _run(node, values, masks)
    output = next(node for node in traced.graph.nodes if node.op == "output")
    return [values[value] for value in output.args[0]]


class _Masks:
    """Which positions of which values stay."""

    def __init__(self, labels: Labels, survives: Survives) -> None:
        self._labels, self._survives = labels, survives

    def along(self, node: fx.Node, axis: int, like: Tensor) -> Tensor | None:
        """Return which positions of a dimension stay; ``None`` where all do."""
        dims = self._labels.of.get(node)
        if not isinstance(dims, list) or isinstance(dims[axis], str) or self._survives[dims[axis]].all():
            return None
        return torch.from_numpy(self._survives[dims[axis]]).to(like.device)

    def apply(self, node: fx.Node, value: Tensor) -> Tensor:
        """Set to zero what does not stay, along every dimension."""
        for axis in range(value.ndim):
            stays = self.along(node, axis, value)
            if stays is not None:
                shape = [1] * value.ndim
                shape[axis] = -1
                value = torch.where(stays.view(shape), value, torch.zeros_like(value))
        return value

    def kept(self, node: fx.Node, value: Tensor, axes: Iterable[int]) -> Tensor:
        """Take out what does not stay, along some dimensions."""
        for axis in axes:
            stays = self.along(node, axis, value)
            if stays is not None:
                value = value.index_select(axis, stays.nonzero().flatten())
        return value


def _run(node: fx.Node, values: Mapping[fx.Node, Any], masks: _Masks) -> Any:
    call = bind(node)
    assert call is not None
    if call.op in NORMS:
        return NORMS[call.op](call, fx.node.map_arg(call.args, values.__getitem__), masks)
    if call.op in RECURRENT:
        values = _unread(call, values, masks)
    positional, kwargs = fx.node.map_arg((node.args, node.kwargs), values.__getitem__)
    args: list[Any] = list(positional)
    target = node.target
    assert not isinstance(target, str)
    if STATISTIC in node.meta:
        args[0] = masks.kept(call.args["self"], args[0], reduced_axes(call))
    elif call.op in PRODUCTS:
        place = PRODUCTS[call.op]
        operand: Any = node.args[place]
        if isinstance(operand, fx.Node):
            args[place] = masks.apply(operand, args[place])
        else:
            args[place] = [masks.apply(part, value) for part, value in zip(operand, args[place], strict=True)]
    return target(*args, **kwargs)


def _unread(call: Call, values: Mapping[fx.Node, Any], masks: _Masks) -> Mapping[fx.Node, Any]:
    """Let a recurrent operation read only what stays: of its input, and in each weight's columns of the layer below."""
    read = {source(call): masks.apply(source(call), values[source(call)])}
    for weight in (weight for layer in cells(call) for cell in layer for weight, _ in cell.matrices):
        stays = masks.along(weight, 1, values[weight])
        read[weight] = values[weight] if stays is None else values[weight] * stays
    return {**values, **read}


def _layer_norm(call: Call, args: Mapping[str, Any], masks: _Masks) -> Tensor:
    inputs: Tensor = args["input"]
    kept = masks.kept(call.args["input"], inputs, [inputs.ndim - 1])
    mean = kept.mean(-1, keepdim=True)
    spread = (kept - mean).square().mean(-1, keepdim=True)
    return _affine((inputs - mean) * (spread + args.get("eps", 1e-5)).rsqrt(), args, -1)


def _rms_norm(call: Call, args: Mapping[str, Any], masks: _Masks) -> Tensor:
    inputs: Tensor = args["input"]
    eps = args.get("eps")
    eps = torch.finfo(inputs.dtype).eps if eps is None else eps
    power = masks.kept(call.args["input"], inputs, [inputs.ndim - 1]).square().mean(-1, keepdim=True)
    return _affine(inputs * (power + eps).rsqrt(), args, -1)


def _group_norm(call: Call, args: Mapping[str, Any], masks: _Masks) -> Tensor:
    inputs: Tensor = args["input"]
    groups, shape = args["num_groups"], (-1, *[1] * (inputs.ndim - 1))
    stays = masks.along(call.args["input"], 1, inputs)
    stays = torch.ones(inputs.shape[1], dtype=torch.bool) if stays is None else stays
    parts = []
    for part, alive in zip(inputs.chunk(groups, 1), stays.chunk(groups), strict=True):
        kept = (part[:, alive] if alive.any() else part).flatten(1)  # a group without channels is read by nobody
        spread = kept.var(1, correction=0) + args.get("eps", 1e-5)
        parts.append((part - kept.mean(1).view(shape)) * spread.rsqrt().view(shape))
    return _affine(torch.cat(parts, 1), args, 1)


def _affine(value: Tensor, args: Mapping[str, Any], axis: int) -> Tensor:
    shape = [1] * value.ndim
    shape[axis] = -1
    if args.get("weight") is not None:
        value = value * args["weight"].view(shape)
    if args.get("bias") is not None:
        value = value + args["bias"].view(shape)
    return value


PRODUCTS = {
    **dict.fromkeys("linear matmul bmm mm conv1d conv2d conv3d".split(), 0),
    **dict.fromkeys("conv_transpose1d conv_transpose2d conv_transpose3d".split(), 0),
    **dict.fromkeys(("addmm", "baddbmm", "einsum"), 1),
}
"""Operations that sum over channels, and which argument is masked."""
NORMS: dict[str, Callable[[Call, Mapping[str, Any], _Masks], Tensor]] = {
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "group_norm": _group_norm,
}
"""Operations with statistics over channels."""
