"""Operations that lay values behind each other or cut them into parts."""

from typing import Any

import numpy as np

from prunekit.graph.labels import POSITION, Atoms, Call, Dim, Dims, Labels


def cat(labels: Labels, call: Call) -> Dims:
    """Lay the parts behind each other along one dimension and bind the others."""
    parts = [list(labels.of[node]) for node in call.args["tensors"]]
    sizes = [tuple(node.meta["val"].shape) for node in call.args["tensors"]]
    joined = (1 if call.op == "hstack" else call.args.get("dim", 0)) % len(call.shape)
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


def stack(labels: Labels, call: Call) -> Dims:
    """Lay values of one shape along a new dimension."""
    first, *others = (list(labels.of[node]) for node in call.args["tensors"])
    for other in others:
        first = [labels.couple(dim, twin) for dim, twin in zip(first, other, strict=True)]
    first.insert(call.args.get("dim", 0) % len(call.shape), POSITION)
    return first


def split(labels: Labels, call: Call) -> list[Dims]:
    """Cut one dimension into parts.

    Parts that are divided anew after a cut must stay of one size; parts by numbers in the code may
    lose different channels, but only in a graph whose numbers are rewritten.
    """
    dims = labels.dims(call, "self")
    sizes = [tuple(part.shape) for part in call.node.meta["val"]]
    axis = call.args.get("dim", 0) % len(dims)
    channels = dims[axis]
    if isinstance(channels, str):
        return [list(dims) for _ in sizes]
    parts, start = [], 0
    for size in sizes:
        parts.append(channels[start : start + size[axis]])
        start += size[axis]
    if call.op in ("split_with_sizes", "unsafe_split_with_sizes"):
        labels.fixed.append((channels, f"{call.op} at fixed sizes"))
    elif any(len(part) != len(parts[0]) for part in parts):
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


def gate(labels: Labels, call: Call) -> Dims:
    """Multiply one half by the sigmoid of the other; both lose the same channels."""
    dims = labels.dims(call, "self")
    axis = call.args.get("dim", -1) % len(dims)
    channels = dims[axis]
    if not isinstance(channels, str):
        dims[axis] = labels.merge(channels.reshape(2, -1))
    return dims


RULES: dict[str, Any] = {
    **dict.fromkeys(("cat", "concat", "concatenate", "hstack"), cat),
    "stack": stack,
    **dict.fromkeys(
        "chunk split split_with_sizes tensor_split unsafe_chunk unsafe_split unsafe_split_with_sizes".split(), split
    ),
    "unbind": unbind,
    "glu": gate,
}
