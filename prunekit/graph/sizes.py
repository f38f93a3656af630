"""The numbers in an operation's arguments that follow from how many channels there are."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.graph.calls import shape_of
from prunekit.graph.labels import Call, Dim, Labels
from prunekit.graph.rules import filling

Survives = NDArray[np.bool_]
"""For each atom whether it stays."""
Numbers = dict[str, Any]
"""New values of arguments, by name."""


def count(dim: Dim, size: int, survives: Survives) -> int:
    """Return how many positions of a dimension stay."""
    return size if isinstance(dim, str) else int(survives[dim].sum())


def fitted(labels: Labels, call: Call, survives: Survives) -> Numbers:
    """Return the arguments of an operation that a cut changes.

    Args:
        labels: the labels of the dense graph.
        call: the operation in the dense graph.
        survives: which atoms stay.
    """
    writer = NUMBERS.get(call.op)
    return {} if writer is None else writer(labels, call, survives)


def _counts(labels: Labels, call: Call, survives: Survives) -> list[int]:
    dims = labels.of.get(call.node)
    if not isinstance(dims, list) or len(dims) != len(call.shape):
        return list(call.shape)
    return [count(dim, size, survives) for dim, size in zip(dims, call.shape, strict=True)]


def _shape(name: str) -> Callable[[Labels, Call, Survives], Numbers]:
    def writer(labels: Labels, call: Call, survives: Survives) -> Numbers:
        sizes = zip(call.args[name], _counts(labels, call, survives), strict=True)
        return {name: [dense if dense == -1 else size for dense, size in sizes]}

    return writer


def _unflatten(labels: Labels, call: Call, survives: Survives) -> Numbers:
    dense = call.args["sizes"]
    start = call.args["dim"] % (len(call.shape) - len(dense) + 1)
    sizes = _counts(labels, call, survives)[start : start + len(dense)]
    return {"sizes": [size if size == -1 else new for size, new in zip(dense, sizes, strict=True)]}


def _normalized(labels: Labels, call: Call, survives: Survives) -> Numbers:
    return {"normalized_shape": [*call.args["normalized_shape"][:-1], _counts(labels, call, survives)[-1]]}


def _groups_of_one(labels: Labels, call: Call, survives: Survives) -> Numbers:
    """Give a group normalisation with a group for each channel as many groups as it has channels left."""
    source, groups = call.args["input"], call.args["num_groups"]
    return {"num_groups": count(labels.of[source][1], groups, survives)} if shape_of(source)[1] == groups else {}


def _convolution(labels: Labels, call: Call, survives: Survives) -> Numbers:
    """Give a depthwise convolution as many groups as it has channels left."""
    source = call.args["input"]
    if call.args.get("groups", 1) == 1 or shape_of(call.args["weight"])[1] > 1:
        return {}
    dims = labels.of[source]
    return {"groups": count(dims[1], shape_of(source)[1], survives)}


def _transposed(labels: Labels, call: Call, survives: Survives) -> Numbers:
    channels = shape_of(call.args["weight"])[0]
    if call.args.get("groups", 1) != channels:
        return {}
    return {"groups": count(labels.of[call.args["weight"]][0], channels, survives)}


def _split(labels: Labels, call: Call, survives: Survives) -> Numbers:
    parts = labels.of[call.node]
    axis = call.args.get("dim", 0) % len(parts[0])
    values = call.node.meta["val"]
    sizes = [count(part[axis], value.shape[axis], survives) for part, value in zip(parts, values, strict=True)]
    return {"split_sizes": sizes} if "split_sizes" in call.args else {"split_size": sizes[0]}


def _range(labels: Labels, call: Call, survives: Survives) -> Numbers:
    """Move the ends of a range by the number of removed positions before them."""
    source, axis = call.args["self"], call.args.get("dim", 0) % len(call.shape)
    dim: Dim = labels.of[source][axis]
    if isinstance(dim, str) or call.args.get("step", 1) != 1:
        return {}
    start = call.args.get("start") or 0
    start = max(0, start + len(dim)) if start < 0 else min(start, len(dim))
    before, inside = (int(survives[part].sum()) for part in (dim[:start], dim[start : start + call.shape[axis]]))
    if "length" in call.args:
        return {"start": before, "length": inside}
    return {"start": before, "end": before + inside}


NUMBERS: dict[str, Callable[[Labels, Call, Survives], Numbers]] = {
    "view": _shape("size"),
    "_unsafe_view": _shape("size"),
    "reshape": _shape("shape"),
    **dict.fromkeys(("expand", "broadcast_to", *filling.RULES), _shape("size")),
    "unflatten": _unflatten,
    "layer_norm": _normalized,
    "rms_norm": _normalized,
    "group_norm": _groups_of_one,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed),
    **dict.fromkeys(("split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes"), _split),
    **dict.fromkeys(("slice", "narrow"), _range),
}
"""What each operation's numbers become; operations that are not here have none."""
