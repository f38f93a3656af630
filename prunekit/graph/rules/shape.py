"""Operations that move, split and join positions without computing."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from prunekit.graph.labels import POSITION, Atoms, Call, Dim, Dims, Labels

HEAD_AXIS = "head_axis"
"""Key of a reshape's meta: the output dimension that numbers attention heads."""


def reshape(labels: Labels, call: Call) -> Dims:
    """Follow channels through a reshape, block of dimensions by block of dimensions."""
    before = _shape(call)
    result: Dims = [POSITION] * len(call.shape)
    dims = labels.dims(call, "self")
    for sources, targets in _blocks(before, call.shape):
        for source in sources:
            if before[source] == 1:
                labels.freeze(dims[source], "a single channel reshaped away")
        labelled = [s for s in sources if not isinstance(dims[s], str) and before[s] > 1]
        for source in labelled[:-1]:
            labels.freeze(dims[source], "two channel dimensions flattened into one")
        targets = [t for t in targets if call.shape[t] > 1]
        if not labelled or not targets:
            continue
        channels = dims[labelled[-1]]
        assert not isinstance(channels, str)
        inner = math.prod(before[s] for s in sources if s > labelled[-1])
        outer = math.prod(before[s] for s in sources if s < labelled[-1])
        flat = np.tile(np.repeat(channels, inner), outer)
        axis, atoms = _split(labels, flat.reshape([call.shape[t] for t in targets]), _head(call, targets))
        result[targets[axis]] = atoms
    return result


def _head(call: Call, targets: Sequence[int]) -> int | None:
    axis = call.node.meta.get(HEAD_AXIS)
    return targets.index(axis) if axis in targets else None


def _split(labels: Labels, table: Atoms, head: int | None) -> tuple[int, Atoms]:
    """Choose the dimension that carries the channels and bind the copies along the others."""
    rows = [np.moveaxis(table, axis, 0).reshape(table.shape[axis], -1) for axis in range(table.ndim)]
    for axis, row in enumerate(rows):
        if (row == row[:, :1]).all():
            return axis, row[:, 0].copy()
    axis = table.ndim - 1 if head is None else head
    atoms = labels.merge(np.ascontiguousarray(rows[axis].T)).copy()
    if head is not None:
        labels.heads.append(atoms)
    return axis, atoms


def _blocks(before: Sequence[int], after: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Pair the smallest runs of dimensions that hold the same number of positions."""
    blocks = []
    i = j = 0
    while i < len(before) or j < len(after):
        sources, targets = [], []
        left = right = 1
        while True:
            if left <= right and i < len(before):
                left *= before[i]
                sources.append(i)
                i += 1
            elif j < len(after):
                right *= after[j]
                targets.append(j)
                j += 1
            else:
                break
            if left == right and sources and targets:
                break
        blocks.append((sources, targets))
    return blocks


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
    given = call.args.get("dim")
    axes = range(len(dims)) if given is None else [given] if isinstance(given, int) else given
    gone = {axis % len(dims) for axis in axes if shape[axis] == 1}
    for axis in gone:
        labels.freeze(dims[axis], "a single channel squeezed away")
    return [dim for axis, dim in enumerate(dims) if axis not in gone]


def expand(labels: Labels, call: Call) -> Dims:
    """Repeat dimensions of one position; the others pass."""
    dims, shape = labels.dims(call, "self"), _shape(call)
    new = len(call.shape) - len(dims)
    result: Dims = [POSITION] * new
    for dim, size, target in zip(dims, shape, call.shape[new:], strict=True):
        if size != target:
            labels.freeze(dim, "a single channel expanded")
        result.append(dim if size == target else POSITION)
    return result


def cat(labels: Labels, call: Call) -> Dims:
    """Lay the parts behind each other along one dimension and bind the others."""
    parts = [list(labels.of[node]) for node in call.args["tensors"]]
    sizes = [tuple(node.meta["val"].shape) for node in call.args["tensors"]]
    joined = call.args.get("dim", 0) % len(call.shape)
    result: Dims = []
    for axis in range(len(call.shape)):
        dims = [part[axis] for part in parts]
        if axis != joined:
            first = dims[0]
            for other in dims[1:]:
                if not isinstance(first, str) and not isinstance(other, str):
                    labels.links.append((int(first[0]), call.node))
                first = labels.couple(first, other)
            result.append(first)
        elif all(isinstance(dim, str) for dim in dims):
            result.append(dims[0])
        else:
            result.append(np.concatenate([_atoms(labels, dim, s[axis]) for dim, s in zip(dims, sizes, strict=True)]))
    return result


def _atoms(labels: Labels, dim: Dim, size: int) -> Atoms:
    """Give positions without a label atoms of their own that may not be removed."""
    if not isinstance(dim, str):
        return dim
    atoms = labels.fresh(size)
    labels.freeze(atoms, dim)
    return atoms


def split(labels: Labels, call: Call) -> list[Dims]:
    """Cut one dimension into parts; parts of one size must stay of one size."""
    dims = labels.dims(call, "self")
    results = [tuple(part.shape) for part in call.node.meta["val"]]
    axis = call.args.get("dim", 0) % len(dims)
    channels = dims[axis]
    if isinstance(channels, str):
        return [list(dims) for _ in results]
    parts, start = [], 0
    for shape in results:
        parts.append(channels[start : start + shape[axis]])
        start += shape[axis]
    if call.op == "split_with_sizes" or any(len(part) != len(parts[0]) for part in parts):
        labels.freeze(channels, f"{call.op} at fixed sizes")
    else:
        labels.merge(np.stack(parts))
    return [[part if d == axis else dim for d, dim in enumerate(dims)] for part in parts]


def unbind(labels: Labels, call: Call) -> list[Dims]:
    """Take a dimension apart, one result for each position."""
    dims = labels.dims(call, "self")
    axis = call.args.get("dim", 0) % len(dims)
    labels.freeze(dims[axis], "unbind over channels")
    return [[dim for d, dim in enumerate(dims) if d != axis] for _ in call.node.meta["val"]]


def select(labels: Labels, call: Call) -> Dims:
    """Take one position of a dimension."""
    dims = labels.dims(call, "self")
    axis = call.args["dim"] % len(dims)
    labels.freeze(dims[axis], "one channel selected by number")
    return [dim for d, dim in enumerate(dims) if d != axis]


def cropped(labels: Labels, call: Call) -> Dims:
    """Slices and pads: a dimension whose size changes by fixed numbers is frozen."""
    dims = labels.dims(call, "self")
    for axis, (before, after) in enumerate(zip(_shape(call), call.shape, strict=True)):
        if before != after:
            labels.freeze(dims[axis], f"{call.op} at fixed positions")
            dims[axis] = f"{call.op} at fixed positions"
    return dims


def _shape(call: Call) -> tuple[int, ...]:
    return tuple(call.args["self"].meta["val"].shape)


RULES: dict[str, Any] = {
    **dict.fromkeys(("view", "reshape", "flatten", "_unsafe_view", "unflatten"), reshape),
    "permute": permute,
    **dict.fromkeys(("transpose", "transpose_", "swapaxes", "t", "numpy_T"), transpose),
    "unsqueeze": unsqueeze,
    "squeeze": squeeze,
    "expand": expand,
    "cat": cat,
    **dict.fromkeys(("chunk", "split", "split_with_sizes"), split),
    "unbind": unbind,
    "select": select,
    **dict.fromkeys(("slice", "pad", "constant_pad_nd"), cropped),
}
