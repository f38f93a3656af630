"""Parameters, bytes and MACs as closed formulas of how many units are kept: no tracing, no copying.

Every dimension of every tensor is a whole number of positions for each kept unit plus a constant,
so each count is a sum of products of such dimensions.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import fx

from prunekit.graph.calls import bind, shape_of
from prunekit.graph.cells import RECURRENT, cells, source
from prunekit.graph.groups import Partition
from prunekit.graph.labels import POSITION, Call, Dim, Dims, Labels
from prunekit.graph.layers import LayerCall
from prunekit.graph.rules import filling
from prunekit.graph.trace import Trace
from prunekit.records import Cost

Vector = NDArray[np.float64]

SLACK = 1 / 16
"""Less than a bit, in bytes. Codes of quantised weights form one stream, whose end is padded to a whole byte."""


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Sums of products of affine dimensions.

    Attributes:
        names: the groups, in the order of the kept vector; the constant 1 stands last.
        units: units of each group.
        factors: ``(width · terms, groups + 1)``; row ``w · terms + t`` is factor w of term t.
        weights: ``(3, terms)``: what a term adds to parameters, MACs and bytes.
        owners: for each term, the index of its layer, or -1.
        tensors: the parameters and persistent buffers that the first terms are of, in order.
    """

    names: tuple[str, ...]
    units: Vector
    factors: Vector
    weights: Vector
    owners: NDArray[np.int64]
    tensors: tuple[str, ...] = ()

    def kept(self, kept: Mapping[str, int]) -> Vector:
        """Return the kept units of every group with a final 1; groups not named stay whole."""
        return np.array([*(kept.get(name, n) for name, n in zip(self.names, self.units.tolist(), strict=True)), 1.0])

    def terms(self, kept: Mapping[str, int]) -> Vector:
        """Return the product of every term."""
        values = self.factors @ self.kept(kept)
        product: Vector = values.reshape(-1, self.weights.shape[1]).prod(0)
        return product

    def shares(self, kept: Mapping[str, int]) -> dict[str, float]:
        """Return the share of its entries (0–1) that every parameter and persistent buffer keeps."""
        shares = self.terms(kept) / np.maximum(self.terms({}), 1)
        return dict(zip(self.tensors, shares[: len(self.tensors)].tolist(), strict=True))

    def cost(self, kept: Mapping[str, int]) -> Cost:
        """Count the network that keeps so many units of each group."""
        params, macs, size = (self.weights @ self.terms(kept)).tolist()  # numpy's own numbers round slowly
        return Cost(round(params), round(macs), math.ceil(size - SLACK))

    def cost_along(self, kept: Mapping[str, int], name: str, counts: NDArray[np.int64]) -> Vector:
        """Count the networks that differ in one group only.

        Args:
            kept: the kept units of the other groups.
            name: the group that varies.
            counts: ``(options,)`` kept units of it to try.

        Returns:
            ``(3, options)``: parameters, MACs and bytes.
        """
        vector, index = self.kept(kept), self.names.index(name)
        vector[index] = 0
        width, terms = len(self.factors) // self.weights.shape[1], self.weights.shape[1]
        rest = (self.factors @ vector).reshape(width, terms)
        slope = self.factors[:, index].reshape(width, terms)
        varies = slope.any(0)
        options = rest[:, varies, None] + slope[:, varies, None] * counts
        fixed = self.weights[:, ~varies] @ rest[:, ~varies].prod(0)
        total: Vector = fixed[:, None] + self.weights[:, varies] @ options.prod(0)
        return np.stack([np.rint(total[0]), np.rint(total[1]), np.ceil(total[2] - SLACK)])

    def layer_costs(self, kept: Mapping[str, int], layers: int) -> tuple[tuple[int, int], ...]:
        """Return ``(parameters, MACs)`` of each layer."""
        totals = np.zeros((layers + 1, 2))
        np.add.at(totals, self.owners, (self.weights[:2] * self.terms(kept)).T)
        return tuple((round(params), round(macs)) for params, macs in totals[:layers].tolist())


def formula(
    trace: Trace,
    labels: Labels,
    tensors: Mapping[str, Sequence[Any]],
    layers: Sequence[LayerCall],
    parts: Partition,
) -> Formula:
    """Read every count off the labels.

    MACs follow `torch.utils.flop_counter`: convolutions, matrix products and attention, for one input.
    """
    reader = _Reader(parts)
    rows: list[list[Vector]] = []
    weights: list[tuple[float, float, float]] = []
    owners: list[int] = []
    counted: list[str] = []
    layer_of_tensor = {name: i for i, layer in enumerate(layers) for name in layer.tensors}
    for name, dims in tensors.items():
        is_parameter = name in trace.parameters
        if is_parameter or name in trace.persistent:
            rows.append([reader.size(dim, len(dim)) for dim in dims])
            weights.append((float(is_parameter), 0.0, float(trace.itemsize[name])))
            owners.append(layer_of_tensor.get(name, -1))
            counted.append(name)
    layer_of_node = {node: i for i, layer in enumerate(layers) for node in layer.nodes}
    sampled = _per_sample(trace)
    for node in trace.graph.nodes:
        call = bind(node)
        if call is None or call.op not in MACS:
            continue
        products = MACS[call.op](labels, call)
        for product in products:
            rows.append([reader.size(dim, size) for dim, size in product])
            weights.append((0.0, 1.0 / trace.batch if node in sampled else 1.0, 0.0))
        if call.op in RECURRENT:  # each of its weights is a layer
            owners += [layer_of_tensor.get(trace.tensors.get(weight, ""), -1) for weight in _recurrent_weights(call)]
        else:
            owners += [layer_of_node.get(node, -1)] * len(products)
    factors, constants = _pack(rows, len(parts.groups))
    return Formula(
        names=tuple(group.name for group in parts.groups),
        units=np.array([group.units for group in parts.groups], dtype=float),
        factors=factors,
        weights=np.array(weights).T * constants,
        owners=np.array(owners),
        tensors=tuple(counted),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    parts: Partition

    def size(self, dim: Dim, size: int) -> Vector:
        """Write a dimension as positions for each unit of each group, and a constant."""
        row = np.zeros(len(self.parts.groups) + 1)
        if isinstance(dim, str):
            row[-1] = size
            return row
        groups = self.parts.group_of[dim]
        row[:-1] = np.bincount(groups[groups >= 0], minlength=len(self.parts.groups))
        row[-1] = (groups < 0).sum()
        for index in np.flatnonzero(row[:-1]):
            row[index] /= self.parts.groups[index].units
        return row


def _pack(rows: Sequence[Sequence[Vector]], groups: int) -> tuple[Vector, Vector]:
    """Multiply constant factors out and put the other factors into one matrix."""
    one = np.zeros(groups + 1)
    one[-1] = 1.0
    constants = np.array([np.prod([row[-1] for row in term if not row[:-1].any()]) for term in rows])
    varying = [[row for row in term if row[:-1].any()] for term in rows]
    width = max((len(term) for term in varying), default=1) or 1
    table = np.stack([np.stack([term[w] if w < len(term) else one for term in varying]) for w in range(width)])
    return table.reshape(-1, groups + 1), constants


def _per_sample(trace: Trace) -> set[fx.Node]:
    """Return the values that depend on the network's input.

    So do the states that a recurrent network starts from, one for each sample. Where the pass read numbers, a constant
    with a row for each sample was made of them.
    """
    nodes: set[fx.Node] = set()
    for node in trace.graph.nodes:
        is_given = node.op == "placeholder" and node not in trace.tensors
        call = bind(node)
        is_filled = call is not None and call.op in filling.RULES
        is_read = node.op == "get_attr" and bool(trace.numbers)
        is_made = (is_filled or is_read) and shape_of(node)[:1] == (trace.batch,)
        if is_given or is_made or any(value in nodes for value in node.all_input_nodes):
            nodes.add(node)
    return nodes


Product = list[tuple[Dim, int]]


def _sized(labels: Labels, node: fx.Node) -> Product:
    return list(zip(_dims(labels, node), shape_of(node), strict=True))


def _dims(labels: Labels, node: fx.Node) -> Dims:
    dims = labels.of.get(node)
    return dims if isinstance(dims, list) else [POSITION] * len(shape_of(node))


def _convolution(labels: Labels, call: Call) -> list[Product]:
    return [_sized(labels, call.node) + _sized(labels, call.args["weight"])[1:]]


def _transposed(labels: Labels, call: Call) -> list[Product]:
    return [_sized(labels, call.args["input"]) + _sized(labels, call.args["weight"])[1:]]


def _linear(labels: Labels, call: Call) -> list[Product]:
    return [_sized(labels, call.args["input"]) + _sized(labels, call.args["weight"])[:1]]


def _matmul(labels: Labels, call: Call) -> list[Product]:
    first = next(value for value in call.args.values() if isinstance(value, fx.Node))
    return [_sized(labels, call.node) + _sized(labels, first)[-1:]]


def _added(labels: Labels, call: Call) -> list[Product]:
    first = list(call.args.values())[1]
    return [_sized(labels, call.node) + _sized(labels, first)[-1:]]


def _einsum(labels: Labels, call: Call) -> list[Product]:
    """Count one multiplication for every combination of letters, except letters of one operand that are summed first.

    Longer products are taken two by two.
    """
    operands, arrow, result = call.args["equation"].replace(" ", "").partition("->")
    sides = operands.split(",")
    letters: dict[str, tuple[Dim, int]] = {}
    for term, node in zip(sides, call.args["tensors"], strict=True):
        letters |= dict(zip(term, _sized(labels, node), strict=True))
    summed = {letter for letter in letters if arrow and letter not in result and operands.count(letter) == 1}
    return [[size for letter, size in letters.items() if letter not in summed]] if len(sides) == 2 else []


def _attention(labels: Labels, call: Call) -> list[Product]:
    query, key, value = (_sized(labels, call.args[name]) for name in ("query", "key", "value"))
    return [[*query, key[-2]], [*query[:-1], key[-2], value[-1]]]


def _recurrent(labels: Labels, call: Call) -> list[Product]:
    """Count every weight of a recurrent layer once for each step of each sample."""
    steps = math.prod(shape_of(source(call))[:-1])
    return [[(POSITION, steps), *_sized(labels, node)] for node in _recurrent_weights(call)]


def _recurrent_weights(call: Call) -> list[fx.Node]:
    return [node for layer in cells(call) for cell in layer for node, _ in cell.matrices]


MACS: dict[str, Callable[[Labels, Call], list[Product]]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed),
    "linear": _linear,
    **dict.fromkeys(("matmul", "bmm", "mm"), _matmul),
    **dict.fromkeys(("addmm", "baddbmm"), _added),
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(RECURRENT, _recurrent),
}
