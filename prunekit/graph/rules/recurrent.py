"""Recurrent layers: a hidden unit is a row of every gate, and what reads it is its own layer first."""

from typing import Any

import numpy as np
from torch import Tensor

from prunekit.graph.cells import RECURRENT, Cell, cells, gates, source, states
from prunekit.graph.labels import POSITION, Atoms, Call, Dim, Dims, Labels, Unsupported

PROJECTED = "a projection behind the hidden units of a recurrent layer (proj_size)"


def recurrent(labels: Labels, call: Call) -> Any:
    """Label ``(*steps, hidden)`` and the last states of ``(*steps, inputs)``.

    All layers and directions of one call have the same number of hidden units, so that unit ``j`` of each goes with
    unit ``j`` of the others. With projections, PyTorch tells these from the hidden units by their number.
    """
    inputs, layers = list(labels.of[source(call)]), cells(call)
    for dim in inputs[:-1]:
        labels.freeze(dim, f"steps of a recurrent layer ({call.op})")
    first = layers[0][0]
    hidden = _rows(labels, first.inputs, gates(call))
    shown = hidden if first.projection is None else _rows(labels, first.projection, 1)
    below: Dim = inputs[-1]
    for layer in layers:
        for cell in layer:
            _bind(labels, cell, below, hidden, shown)
        below = np.tile(shown, len(layer))
    for state, units in zip(states(call), (shown, hidden), strict=False):
        labels.couple(units, labels.of[state][-1])
    if first.projection is None:
        labels.links.append((int(hidden[0]), call.node))
    else:
        labels.freeze(np.concatenate([hidden, shown]), PROJECTED)
    output: Dims = [*inputs[:-1], below]
    values = call.node.meta["val"]
    if isinstance(values, Tensor):
        return output
    last = (shown, hidden) if call.op == "lstm" else (hidden,)
    return [output, *[[*[POSITION] * (value.dim() - 1), units] for value, units in zip(values[1:], last, strict=True)]]


def _bind(labels: Labels, cell: Cell, below: Dim, hidden: Atoms, shown: Atoms) -> None:
    labels.couple(below, labels.of[cell.inputs][1])
    labels.couple(shown, labels.of[cell.hidden][1])
    for node in (cell.inputs, cell.hidden, *cell.biases):
        labels.couple(hidden, _rows(labels, node, node.meta["val"].shape[0] // len(hidden)))
    if cell.projection is not None:
        labels.couple(shown, labels.of[cell.projection][0])
        labels.couple(hidden, labels.of[cell.projection][1])


def _rows(labels: Labels, node: Any, blocks: int) -> Atoms:
    rows = labels.of[node][0]
    if isinstance(rows, str):
        raise Unsupported
    return labels.merge(rows.reshape(blocks, -1))


def packed(labels: Labels, call: Call) -> Any:
    """Lay the steps of all samples behind each other, and count the samples at each step."""
    dims = labels.dims(call, "input")
    for dim in dims[:2]:
        labels.freeze(dim, f"steps of a recurrent layer ({call.op})")
    return [[POSITION, *dims[2:]], [POSITION]]


def padded(labels: Labels, call: Call) -> Any:
    """Lay packed steps out again, by samples."""
    dims = labels.dims(call, "data")
    labels.freeze(dims[0], f"steps of a recurrent layer ({call.op})")
    return [[POSITION, POSITION, *dims[1:]], [POSITION]]


RULES = {
    **dict.fromkeys(RECURRENT, recurrent),
    "_pack_padded_sequence": packed,
    "_pad_packed_sequence": padded,
}
