"""Operations that take positions by number, or pad a value with some."""

from typing import Any

import numpy as np
import torch
from torch import fx

from prunekit.graph.labels import POSITION, Call, Dim, Dims, Labels, Unsupported


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
    """Take entries along some dimensions by tensors of numbers, or those for which a tensor is true."""
    dims = labels.dims(call, "self")
    indexed = [(axis, node) for axis, node in enumerate(call.args["indices"]) if node is not None]
    axes = [axis for axis, _ in indexed]
    if not all(isinstance(node, fx.Node) for _, node in indexed):
        raise Unsupported
    for _, node in indexed:
        labels.freeze_all(labels.of.get(node), "numbers of positions")
    if any(node.meta["val"].dtype == torch.bool for _, node in indexed):
        (mask,) = (node.meta["val"] for _, node in indexed)
        axes, new = list(range(axes[0], axes[0] + mask.dim())), 1
    else:
        new = max(node.meta["val"].dim() for _, node in indexed)
    for axis in axes:
        labels.freeze(dims[axis], "channels taken by number")
    # Where the dimensions that are taken from lie apart, the new ones come first.
    first = axes[0] if axes == list(range(axes[0], axes[-1] + 1)) else 0
    rest = [dim for axis, dim in enumerate(dims) if axis not in axes]
    return [*rest[:first], *[POSITION] * new, *rest[first:]]


def added_at(labels: Labels, call: Call) -> Dims:
    """Add entries at positions given by a tensor of numbers."""
    dims, source = labels.dims(call, "self"), labels.dims(call, "source")
    axis = call.args["dim"] % len(dims)
    labels.freeze_all(labels.of.get(call.args["index"]), "numbers of positions")
    for dim in (dims[axis], source[axis]):
        labels.freeze(dim, f"{call.op} over channels")
    return [dim if d == axis else labels.couple(dim, source[d]) for d, dim in enumerate(dims)]


def chosen(labels: Labels, call: Call) -> Dims:
    """Take entries along one dimension by a row of numbers."""
    dims = labels.dims(call, "self")
    axis = call.args["dim"] % len(dims)
    labels.freeze(dims[axis], "channels taken by number")
    labels.freeze_all(labels.of.get(call.args["index"]), "numbers of positions")
    dims[axis] = POSITION
    return dims


def gathered(labels: Labels, call: Call) -> Dims:
    """Take entries along one dimension by numbers for each place of the others."""
    dims, numbers = labels.dims(call, "self"), call.args["indices" if "indices" in call.args else "index"]
    sizes, own = tuple(numbers.meta["val"].shape), tuple(call.args["self"].meta["val"].shape)
    if call.args.get("dim") is None or len(sizes) != len(own):
        raise Unsupported
    axis, result = call.args["dim"] % len(dims), list[Dim]()
    for d, (dim, index) in enumerate(zip(dims, labels.of[numbers], strict=True)):
        if d == axis:
            labels.freeze(dim, "channels taken by number")
            labels.freeze(index, "numbers of positions")
            result.append(POSITION)
        elif call.op == "take_along_dim" and sizes[d] == 1:  # one number for all
            result.append(dim)
        else:
            result.append(labels.couple(dim, index))
    return result


RULES: dict[str, Any] = {
    "select": select,
    **dict.fromkeys(("slice", "narrow"), sliced),
    **dict.fromkeys(("pad", "constant_pad_nd"), pad),
    **dict.fromkeys([f"{kind}_pad{n}d" for kind in ("reflection", "replication") for n in (1, 2, 3)], mirrored),
    "index": looked_up,
    "index_select": chosen,
    **dict.fromkeys(("gather", "take_along_dim"), gathered),
    **dict.fromkeys(("index_add", "index_add_"), added_at),
}
