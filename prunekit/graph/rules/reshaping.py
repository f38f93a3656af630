"""Reshapes: channels are followed through blocks of dimensions, and heads stay whole."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from prunekit.graph.labels import CHANNEL_AXIS, HEAD_AXIS, POSITION, Atoms, Call, Dims, Labels


def reshape(labels: Labels, call: Call) -> Dims:
    """Follow channels through a reshape, block of dimensions by block of dimensions."""
    before = _shape(call)
    result: Dims = [POSITION] * len(call.shape)
    dims = labels.dims(call, "self")
    for sources, targets in _blocks(before, call.shape):
        for source in sources:
            if before[source] == 1:
                labels.freeze(dims[source], "a single channel reshaped away")
        reasons = [dim for dim in (dims[source] for source in sources) if isinstance(dim, str) and dim != POSITION]
        for target in targets:
            result[target] = reasons[0] if reasons else POSITION
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
        axis, atoms = _split(labels, flat.reshape([call.shape[t] for t in targets]), call, targets)
        result[targets[axis]] = atoms
    return result


def _split(labels: Labels, table: Atoms, call: Call, targets: Sequence[int]) -> tuple[int, Atoms]:
    """Choose the dimension that carries the channels and bind the copies along the others.

    Without heads, it is the one that is read as channels later; where none is known to be, the last.
    """
    rows = [np.moveaxis(table, axis, 0).reshape(table.shape[axis], -1) for axis in range(table.ndim)]
    for axis, row in enumerate(rows):
        if (row == row[:, :1]).all():
            return axis, row[:, 0].copy()
    head, channel = (call.node.meta.get(key) for key in (HEAD_AXIS, CHANNEL_AXIS))
    chosen = next((axis for axis in (head, channel) if axis in targets), targets[-1])
    axis = targets.index(chosen)
    atoms = labels.merge(np.ascontiguousarray(rows[axis].T)).copy()
    if chosen == head:
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


def like(labels: Labels, call: Call) -> Dims:
    """Reshape to the shape of another value, which then keeps the same channels."""
    other = labels.dims(call, "other")
    return [labels.couple(dim, twin) for dim, twin in zip(reshape(labels, call), other, strict=True)]


def _shape(call: Call) -> tuple[int, ...]:
    return tuple(call.args["self"].meta["val"].shape)


RULES: dict[str, Any] = {
    **dict.fromkeys(("view", "reshape", "flatten", "ravel", "_unsafe_view", "unflatten"), reshape),
    **dict.fromkeys(("view_as", "reshape_as"), like),
}
