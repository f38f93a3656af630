"""Operations that take positions by number, or pad a value with some."""

from typing import Any

import numpy as np
import torch
from torch import fx

from prunekit.graph.labels import POSITION, Call, Dims, Labels, Unsupported


def select(labels: Labels, call: Call) -> Dims:
    """Take one position of a dimension."""
    dims = labels.dims(call, "self")
    axis = call.args["dim"] % len(dims)
    labels.freeze(dims[axis], "one channel selected by number")
    return [dim for d, dim in enumerate(dims) if d != axis]


def sliced(labels: Labels, call: Call) -> Dims:
    """Take a range of positions; of channels only in a graph whose numbers are rewritten."""
    dims, shape = labels.dims(call, "self"), tuple(call.args["self"].meta["val"].shape)
    axis = call.args.get("dim", 0) % len(dims)
    if shape[axis] == call.shape[axis] or isinstance(dims[axis], str):
        return dims
    reason = f"{call.op} at fixed positions"
    if call.args.get("step", 1) != 1:
        labels.freeze(dims[axis], reason)
        dims[axis] = reason
        return dims
    start = call.args.get("start") or 0
    start = max(0, start + shape[axis]) if start < 0 else start
    labels.fixed.append((dims[axis], reason))
    dims[axis] = dims[axis][start : start + call.shape[axis]]
    return dims


def pad(labels: Labels, call: Call) -> Dims:
    """Pad with constants; those beside channels cannot be cut, and neither can a dimension that they are added to."""
    dims, amounts = labels.dims(call, "self"), call.args["pad"]
    for i in range(0, len(amounts), 2):
        axis, (before, after) = len(dims) - 1 - i // 2, amounts[i : i + 2]
        channels = dims[axis]
        if (before, after) == (0, 0) or isinstance(channels, str):
            continue
        if min(before, after) < 0 or call.args.get("mode", "constant") != "constant":
            labels.freeze(channels, f"{call.op} at fixed positions")
            dims[axis] = f"{call.op} at fixed positions"
            continue
        around = labels.fresh(before + after)
        labels.freeze(around, f"{call.op} at fixed positions")
        dims[axis] = np.concatenate([around[:before], channels, around[before:]])
    return dims


def mirrored(labels: Labels, call: Call) -> Dims:
    """Pad with copies of the edge, which channels do not have."""
    return pad(
        labels, Call(call.node, call.op, {**call.args, "mode": "reflect", "pad": call.args["padding"]}, call.shape)
    )


def looked_up(labels: Labels, call: Call) -> Dims:
    """Take entries along one dimension by a tensor of numbers."""
    dims = labels.dims(call, "self")
    indexed = [(axis, node) for axis, node in enumerate(call.args["indices"]) if node is not None]
    if len(indexed) != 1 or not isinstance(indexed[0][1], fx.Node):
        raise Unsupported
    axis, node = indexed[0]
    numbers = node.meta["val"]
    if numbers.dtype == torch.bool:
        raise Unsupported
    labels.freeze(dims[axis], "channels taken by number")
    labels.freeze_all(labels.of.get(node), "numbers of positions")
    return [*dims[:axis], *[POSITION] * numbers.dim(), *dims[axis + 1 :]]


RULES: dict[str, Any] = {
    "select": select,
    **dict.fromkeys(("slice", "narrow"), sliced),
    **dict.fromkeys(("pad", "constant_pad_nd"), pad),
    **dict.fromkeys([f"{kind}_pad{n}d" for kind in ("reflection", "replication") for n in (1, 2, 3)], mirrored),
    "index": looked_up,
}
