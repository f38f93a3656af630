"""Whether a network's record is the dense record with channels taken out, and nothing else changed.

A forward pass may read how many channels there are (``x / q.shape[-1] ** 0.5``, ``if y.shape == h.shape``). After a
cut it reads another number and computes something else, which runs without complaint. So the record of the cut
network has to hold the same operations on the same values, and all numbers that are no sizes of the cut.
"""

import math
from typing import Any

import torch
from torch import Tensor, fx

from prunekit.graph.calls import bind, shape_of
from prunekit.graph.labels import Call, Labels
from prunekit.graph.propagate import live_values
from prunekit.graph.sizes import Survives, count, fitted
from prunekit.graph.trace import Trace

SIZES = {
    **dict.fromkeys(
        "view _unsafe_view expand broadcast_to new_zeros new_ones new_empty new_full zeros ones empty full".split(),
        "size",
    ),
    "reshape": "shape",
    "unflatten": "sizes",
    "layer_norm": "normalized_shape",
    "rms_norm": "normalized_shape",
}
"""Arguments that say what the shapes of values say too: which of them is written as -1 does not matter."""
COPIES = ("contiguous", "clone", "alias", "detach")
"""Operations whose values are those that they were called with."""


def difference(dense: Trace, labels: Labels, survives: Survives, smaller: Trace) -> str | None:
    """Compare the record of a cut network with what the dense record and its labels predict.

    Args:
        dense: the record of the dense network.
        labels: the channels of its values.
        survives: which atoms stay.
        smaller: the record of the cut network, on the same example.

    Returns:
        The first thing that is not as predicted, in words; ``None`` where the record is the dense one, sliced. What
        does not go into an output is not compared: constants that only sizes are made of are seen in those sizes.
    """
    nodes, twins, live, still = _originals(dense), _originals(smaller), live_values(dense), live_values(smaller)
    operations = list(dict.fromkeys(original for node, original in nodes.items() if node in live))
    again = list(dict.fromkeys(original for node, original in twins.items() if node in still))
    if [(node.op, node.target) for node in operations] != [(twin.op, twin.target) for twin in again]:
        return "it runs other operations on other sizes"
    same = dict(zip(operations, again, strict=True))
    for node, twin in same.items():
        if node.op == "get_attr" and (changed := _constant(dense.constants[node], smaller.constants[twin])):
            return changed
        call, cut = bind(node), bind(twin)
        if call is None or cut is None:
            continue
        expected = _shape(labels, call, survives)
        if cut.shape != expected:
            return f"{call.op} makes {cut.shape} where the cut channels need {expected}"
        wanted = fx.node.map_arg(
            {**_complete(call), **fitted(labels, call, survives)}, lambda value: same[nodes[value]]
        )
        actual = fx.node.map_arg(_complete(cut), twins.__getitem__)
        if changed := _arguments(call, wanted, actual):
            return changed
    return None


def _originals(trace: Trace) -> dict[fx.Node, fx.Node]:
    """Return for every value the one that it is a copy of: whether a value has to be copied depends on its sizes."""
    originals: dict[fx.Node, fx.Node] = {}
    for node in trace.graph.nodes:
        call = bind(node)
        originals[node] = originals[call.args["self"]] if call is not None and call.op in COPIES else node
    return originals


def _shape(labels: Labels, call: Call, survives: Survives) -> tuple[int, ...]:
    """Predict the shape of a value of the smaller network from the labels alone."""
    dims = labels.of.get(call.node)
    if not isinstance(dims, list) or len(dims) != len(call.shape):
        return call.shape
    return tuple(count(dim, size, survives) for dim, size in zip(dims, call.shape, strict=True))


def _constant(before: Tensor, after: Tensor) -> str | None:
    if before.is_meta or after.is_meta:
        return None if before.shape == after.shape else "a constant of the forward pass has another size"
    if before.shape == after.shape and torch.equal(before, after):
        return None
    return "a constant of the forward pass follows the number of channels"


def _arguments(call: Call, wanted: dict[str, Any], actual: dict[str, Any]) -> str | None:
    """Compare what an operation was called with; sizes are those of the values, which were compared already."""
    if call.op in ("slice", "narrow"):
        wanted, actual = _range(wanted), _range(actual)
    for name, value in wanted.items():
        if name != SIZES.get(call.op) and not _equal(value, actual[name]):
            dense = _complete(call).get(name, value)
            has, had = _words(name, actual[name]), _words(name, dense)
            return f"{call.op} is called with {has} where the dense network has {had}"
    return None


def _complete(call: Call) -> dict[str, Any]:
    """Return the arguments of a call with the defaults that its record leaves out."""
    schema = getattr(call.node.target, "_schema", None)
    defaults = {} if schema is None else {a.name: a.default_value for a in schema.arguments if a.has_default_value()}
    return {**defaults, **call.args}


def _range(args: dict[str, Any]) -> dict[str, Any]:
    """Write the ends of a range as positions of the value that it is taken of."""
    source = shape_of(args["self"])
    start = args.get("start") or 0
    end = start + args["length"] if "length" in args else args["end"]
    positions = range(*slice(start, end, args.get("step", 1)).indices(source[args.get("dim", 0) % len(source)]))
    rest = {name: value for name, value in args.items() if name not in ("start", "end", "length", "step")}
    return {**rest, "positions": positions}


def _equal(expected: Any, actual: Any) -> bool:
    if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        return len(expected) == len(actual) and all(map(_equal, expected, actual))
    if isinstance(expected, float) and isinstance(actual, float) and math.isnan(expected):
        return math.isnan(actual)
    return type(expected) is type(actual) and bool(expected == actual)


def _words(name: str, value: Any) -> str:
    return "another value" if isinstance(value, fx.Node) else f"{name} = {value}"
