"""Operations that move or repeat whole dimensions without computing."""

import math
from typing import Any

import numpy as np

from prunekit.graph.labels import HEAD_AXIS, POSITION, Call, Dim, Dims, Labels, Unsupported


def permute(labels: Labels, call: Call) -> Dims:
    """Reorder dimensions."""
    dims = labels.dims(call, "self")
    return [dims[d] for d in call.args["dims"]]


def transpose(labels: Labels, call: Call) -> Dims:
    """Swap two dimensions; ``t`` swaps the only two."""
    dims = labels.dims(call, "self")
    a, b = (call.args.get("dim0", 0), call.args.get("dim1", -1))
    dims[a], dims[b] = dims[b], dims[a]
    return dims


def unsqueeze(labels: Labels, call: Call) -> Dims:
    """Insert a dimension of one position."""
    dims = labels.dims(call, "self")
    dims.insert(call.args["dim"] % len(call.shape), POSITION)
    return dims


def squeeze(labels: Labels, call: Call) -> Dims:
    """Remove dimensions of one position."""
    dims, shape = labels.dims(call, "self"), _shape(call)
    chosen = call.args.get("dim")
    axes = range(len(dims)) if chosen is None else [chosen] if isinstance(chosen, int) else chosen
    gone = {axis % len(dims) for axis in axes if shape[axis] == 1}
    for axis in gone:
        labels.freeze(dims[axis], "a single channel squeezed away")
    return [dim for axis, dim in enumerate(dims) if axis not in gone]


def expand(labels: Labels, call: Call) -> Dims:
    """Repeat dimensions of one position; the others pass. A single number may be spread over any positions.

    Of the copies that are made for every attention head, one goes with each.
    """
    dims, shape = labels.dims(call, "self"), _shape(call)
    if math.prod(shape) == 1:
        for dim in dims:
            labels.freeze(dim, "a single channel expanded")
        return labels.filled(call.shape)
    new = len(call.shape) - len(dims)
    result: Dims = [POSITION] * new
    for dim, size, target in zip(dims, shape, call.shape[new:], strict=True):
        if size != target:
            labels.freeze(dim, "a single channel expanded")
        result.append(dim if size == target else POSITION)
    head = call.node.meta.get(HEAD_AXIS, 0)  # samples are laid into the first dimension
    if head and (head < new or shape[head - new] < call.shape[head]):
        result[head] = labels.fresh(call.shape[head])
    return result


def expand_as(labels: Labels, call: Call) -> Dims:
    """Repeat dimensions of one position as in another value, which then keeps the same channels."""
    other, result = labels.dims(call, "other"), expand(labels, call)
    sizes = (*[1] * (len(call.shape) - len(_shape(call))), *_shape(call))
    return [
        twin if size == 1 < whole else labels.couple(dim, twin)
        for dim, twin, size, whole in zip(result, other, sizes, call.shape, strict=True)
    ]


def broadcast(labels: Labels, call: Call) -> list[Dims]:
    """Repeat dimensions of one position of several values until they have one shape."""
    nodes, values = call.args["tensors"], call.node.meta["val"]
    return [
        expand(labels, Call(call.node, call.op, {"self": node}, tuple(value.shape)))
        for node, value in zip(nodes, values, strict=True)
    ]


def repeat(labels: Labels, call: Call) -> Dims:
    """Lay copies behind each other; dimensions that are not repeated pass."""
    dims, repeats = labels.dims(call, "self"), call.args["repeats" if "repeats" in call.args else "dims"]
    padded: Dims = [POSITION] * (len(repeats) - len(dims))
    for dim, times in zip(dims, repeats[len(padded) :], strict=True):
        if times != 1:
            labels.freeze(dim, f"{call.op} of channels")
        padded.append(dim if times == 1 else POSITION)
    return padded


def repeat_interleave(labels: Labels, call: Call) -> Dims:
    """Lay copies of each position behind it."""
    dims, times, axis = labels.dims(call, "self"), call.args["repeats"], call.args.get("dim")
    if not isinstance(times, int) or axis is None:
        raise Unsupported
    channels = dims[axis]
    if not isinstance(channels, str):
        dims[axis] = np.repeat(channels, times)
    return dims


def movedim(labels: Labels, call: Call) -> Dims:
    """Take dimensions out and put them elsewhere; the others keep their order."""
    dims = labels.dims(call, "self")
    source, target = call.args["source"], call.args["destination"]
    moves = dict(zip(_axes(target, len(dims)), _axes(source, len(dims)), strict=True))
    rest = iter(sorted(set(range(len(dims))) - set(moves.values())))
    return [dims[moves[d] if d in moves else next(rest)] for d in range(len(dims))]


def swap_last(labels: Labels, call: Call) -> Dims:
    """Swap the last two dimensions."""
    dims = labels.dims(call, "self")
    return [*dims[:-2], dims[-1], dims[-2]]


def rolled(labels: Labels, call: Call) -> Dims:
    """Shift or turn dimensions around; channels are not shifted."""
    dims = labels.dims(call, "self")
    for axis in _axes(call.args.get("dims") or list(range(len(dims))), len(dims)):
        labels.freeze(dims[axis], f"{call.op} over channels")
    return dims


def as_complex(labels: Labels, call: Call) -> Dims:
    """Make one complex number of the two that the last dimension holds."""
    *dims, parts = labels.dims(call, "self")
    labels.freeze(parts, "the two parts of a complex number")
    return dims


def as_real(labels: Labels, call: Call) -> Dims:
    """Lay the two parts of each complex number along a new dimension."""
    return [*labels.dims(call, "self"), POSITION]


def triangle(labels: Labels, call: Call) -> Dims:
    """Set what stands above or below the diagonal of the last two dimensions to zero."""
    dims = labels.dims(call, "self")
    for dim in dims[-2:]:
        labels.freeze(dim, f"{call.op} over channels")
    return dims


def pixel_shuffle(labels: Labels, call: Call) -> Dims:
    """Make one channel of each ``r²`` that follow each other."""
    dims, factor = labels.dims(call, "self"), call.args["upscale_factor"]
    channels: Dim = dims[-3]
    if not isinstance(channels, str):
        channels = labels.merge(np.ascontiguousarray(channels.reshape(-1, factor**2).T))
    return [*dims[:-3], channels, POSITION, POSITION]


def pixel_unshuffle(labels: Labels, call: Call) -> Dims:
    """Make ``r²`` channels of each."""
    dims, factor = labels.dims(call, "self"), call.args["downscale_factor"]
    channels = dims[-3] if isinstance(dims[-3], str) else np.repeat(dims[-3], factor**2)
    return [*dims[:-3], channels, POSITION, POSITION]


def patches(labels: Labels, call: Call) -> Dims:
    """Lay the places of a window out as channels, behind each other for each channel."""
    dims, window = labels.dims(call, "self"), math.prod(call.args["kernel_size"])
    channels = dims[-3] if isinstance(dims[-3], str) else np.repeat(dims[-3], window)
    return [*dims[:-3], channels, POSITION]


def folded(labels: Labels, call: Call) -> Dims:
    """Add windows up to an image: the places of a window go with their channel."""
    dims, window = labels.dims(call, "self"), math.prod(call.args["kernel_size"])
    labels.freeze(dims[-1], f"{call.op} over channels")
    channels: Dim = dims[-2]
    if not isinstance(channels, str):
        channels = labels.merge(np.ascontiguousarray(channels.reshape(-1, window).T))
    return [*dims[:-2], channels, POSITION, POSITION]


def windows(labels: Labels, call: Call) -> Dims:
    """Take windows of positions along one dimension; a window's places come last."""
    dims = labels.dims(call, "self")
    axis = call.args["dimension"] % len(dims)
    labels.freeze(dims[axis], f"{call.op} over channels")
    dims[axis] = POSITION
    return [*dims, POSITION]


def channel_shuffle(labels: Labels, call: Call) -> Dims:
    """Interleave the groups' channels; each group loses the same positions."""
    dims, groups = labels.dims(call, "self" if "self" in call.args else "input"), call.args["groups"]
    if not isinstance(dims[1], str):
        rows = dims[1].reshape(groups, -1)
        labels.merge(rows)
        dims[1] = rows.T.reshape(-1)
    return dims


def _axes(axes: Any, rank: int) -> list[int]:
    return [axis % rank for axis in ([axes] if isinstance(axes, int) else axes)]


def _shape(call: Call) -> tuple[int, ...]:
    return tuple(call.args["self"].meta["val"].shape)


RULES: dict[str, Any] = {
    "permute": permute,
    **dict.fromkeys(("transpose", "transpose_", "swapaxes", "swapdims", "t", "t_", "numpy_T"), transpose),
    **dict.fromkeys(("mT", "adjoint"), swap_last),
    **dict.fromkeys(("movedim", "moveaxis"), movedim),
    **dict.fromkeys(("unsqueeze", "unsqueeze_"), unsqueeze),
    **dict.fromkeys(("squeeze", "squeeze_"), squeeze),
    **dict.fromkeys(("expand", "broadcast_to"), expand),
    "broadcast_tensors": broadcast,
    "expand_as": expand_as,
    **dict.fromkeys(("repeat", "tile"), repeat),
    "repeat_interleave": repeat_interleave,
    **dict.fromkeys(("roll", "flip"), rolled),
    "im2col": patches,
    "col2im": folded,
    "unfold": windows,
    "view_as_complex": as_complex,
    "view_as_real": as_real,
    **dict.fromkeys(("triu", "tril"), triangle),
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    **dict.fromkeys(("channel_shuffle", "native_channel_shuffle"), channel_shuffle),
}
