"""Normalisations keep channels; some of them average over channels."""

import math

from prunekit.graph.labels import Call, Dims, Labels, Unsupported


def batch_norm(labels: Labels, call: Call) -> Dims:
    """Bind scale, shift and running statistics to the channels."""
    dims = labels.dims(call, "input")
    for name in ("weight", "bias", "running_mean", "running_var"):
        if call.has(name):
            labels.couple(dims[1], labels.dims(call, name)[0])
    return dims


def instance_norm(labels: Labels, call: Call) -> Dims:
    """Each channel has statistics of its own, running or of the sample."""
    return batch_norm(labels, call)


def layer_norm(labels: Labels, call: Call) -> Dims:
    """Bind scale and shift to the last dimension, over which statistics are taken."""
    if len(call.args["normalized_shape"]) != 1:
        raise Unsupported
    dims = labels.dims(call, "input")
    for name in ("weight", "bias"):
        if call.has(name):
            labels.couple(dims[-1], labels.dims(call, name)[0])
    if not isinstance(dims[-1], str):
        labels.statistics.append(dims[-1])
    return dims


def group_norm(labels: Labels, call: Call) -> Dims:
    """Bind the same positions of every normalisation group, so that groups stay of one size.

    A group for each channel has no statistics over channels, and goes with its channel.
    """
    dims, groups = labels.dims(call, "input"), call.args["num_groups"]
    channels = dims[1]
    for name in ("weight", "bias"):
        if call.has(name):
            labels.couple(channels, labels.dims(call, name)[0])
    if not isinstance(channels, str) and groups < len(channels):
        labels.merge(channels.reshape(groups, -1))
        labels.statistics.append(channels)
        if math.prod(call.shape[2:]) == 1:  # with one channel left in a group, PyTorch's function refuses one sample
            labels.fixed.append((channels, "one channel of one sample has no statistics to take"))
    return dims


RULES = {
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm,
    "rms_norm": layer_norm,
    "group_norm": group_norm,
}
