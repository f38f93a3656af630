"""Convolutions: output channels are new, input channels are contracted."""

import numpy as np

from prunekit.graph.labels import POSITION, Call, Dim, Dims, Labels, Unsupported


def convolution(labels: Labels, call: Call) -> Dims:
    """Label ``(batch, channels, *positions)`` for plain, grouped and depthwise convolutions."""
    weight = labels.dims(call, "weight")
    inputs = labels.dims(call, "input")
    if len(inputs) != len(weight):
        raise Unsupported
    groups = call.args.get("groups", 1)
    for dim in weight[2:]:
        labels.freeze(dim, "kernel size")
    for dim in inputs[2:]:
        labels.freeze(dim, f"{call.op} over channels")
    if groups == 1:
        labels.couple(inputs[1], weight[1])
    else:
        _grouped(labels, call, inputs[1], weight, groups)
    if call.has("bias"):
        labels.couple(weight[0], labels.dims(call, "bias")[0])
    return [inputs[0], weight[0], *[POSITION] * (len(call.shape) - 2)]


def transposed(labels: Labels, call: Call) -> Dims:
    """Label a transposed convolution, whose weight is ``(in, out / groups, *kernel)``."""
    weight = labels.dims(call, "weight")
    inputs = labels.dims(call, "input")
    groups = call.args.get("groups", 1)
    if len(inputs) != len(weight) or isinstance(weight[0], str) or isinstance(weight[1], str):
        raise Unsupported
    for dim in weight[2:]:
        labels.freeze(dim, "kernel size")
    for dim in inputs[2:]:
        labels.freeze(dim, f"{call.op} over channels")
    labels.couple(inputs[1], weight[0])
    if groups > 1 and len(weight[0]) == groups:  # each channel makes its own outputs, and goes with them
        labels.freeze(weight[1], "what each channel makes on its own")
        outputs = np.repeat(weight[0], len(weight[1]))
    else:  # every group loses the same positions, or the groups would no longer be of one size
        labels.merge(weight[0].reshape(groups, -1))
        outputs = np.tile(weight[1], groups)
    if call.has("bias"):
        labels.couple(outputs, labels.dims(call, "bias")[0])
    return [inputs[0], outputs, *[POSITION] * (len(call.shape) - 2)]


def _grouped(labels: Labels, call: Call, channels: Dim, weight: Dims, groups: int) -> None:
    outputs, columns = weight[0], weight[1]
    if isinstance(outputs, str) or isinstance(columns, str):
        raise Unsupported
    if len(columns) == 1:  # depthwise: each input channel feeds its own outputs
        labels.freeze(columns, "one input channel for each filter")
        if isinstance(channels, str):
            labels.freeze(outputs, channels)
        else:
            labels.couple(np.repeat(channels, len(outputs) // groups), outputs)
            labels.links.append((int(outputs[0]), call.node))
        return
    # Every group loses the same positions, or the groups would no longer be of one size.
    if isinstance(channels, str):
        labels.freeze(columns, channels)
    else:
        for row in channels.reshape(groups, -1):
            labels.couple(row, columns)
    labels.merge(outputs.reshape(groups, -1))


RULES = {
    "conv1d": convolution,
    "conv2d": convolution,
    "conv3d": convolution,
    "conv_transpose1d": transposed,
    "conv_transpose2d": transposed,
    "conv_transpose3d": transposed,
}
