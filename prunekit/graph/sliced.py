"""What the operations of a cut network have to be: the dense ones with channels taken out, and nothing else changed.

A forward pass may read how many channels there are (``x / q.shape[-1] ** 0.5``, ``if y.shape == h.shape``). After a
cut it reads another number and computes something else, which runs without complaint. So the cut network has to run
the same operations on the same values, with all numbers that are no sizes of the cut.
"""

import math
import operator
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, fx

from prunekit.graph.calls import bind
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


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One operation of the dense record.

    Attributes:
        call: the operation as it was recorded.
        args: its arguments with defaults; values are those that they are copies of.
    """

    call: Call
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """The dense record as what every cut of the network has to do.

    Attributes:
        trace: the record.
        labels: the channels of its values.
        steps: its operations without copies: whether a value has to be copied depends on its sizes.
        originals: for every value the one that it is a copy of.
        parts: for an operation with several results, the value of each, by position.
        live: the values that the output depends on.
    """

    trace: Trace
    labels: Labels
    steps: tuple[Step, ...]
    originals: Mapping[fx.Node, fx.Node]
    parts: Mapping[fx.Node, Mapping[int, fx.Node]]
    live: Set[fx.Node]

    def shape(self, node: fx.Node, survives: Survives) -> tuple[int, ...]:
        """Predict the shape of a value of the smaller network from the labels alone."""
        shape: tuple[int, ...] = tuple(node.meta["val"].shape)
        dims = self.labels.of.get(node)
        if not isinstance(dims, list) or len(dims) != len(shape):
            return shape
        return tuple(count(dim, size, survives) for dim, size in zip(dims, shape, strict=True))

    def changed(self, step: Step, survives: Survives, actual: Mapping[str, Any], source: Any) -> str | None:
        """Compare what an operation of the smaller network was called with.

        Args:
            step: the operation of the dense record.
            survives: which atoms stay.
            actual: its arguments with defaults: nodes of the dense record for values that were predicted, tensors for
                constants.
            source: the shape of the value that a range is taken of.

        Returns:
            The first argument that is not as predicted, in words; sizes are those of the values, which are compared
            for themselves.
        """
        call, wanted = step.call, {**step.args, **fitted(self.labels, step.call, survives)}
        if call.op in ("slice", "narrow"):
            wanted, actual = _range(wanted, source), _range(actual, source)
        for name, value in wanted.items():
            if name == SIZES.get(call.op) or self.same(value, actual[name]):
                continue
            if isinstance(value, fx.Node) and value.op == "get_attr" and isinstance(actual[name], Tensor):
                return "a constant of the forward pass follows the number of channels"
            has, had = _words(name, actual[name]), _words(name, step.args.get(name, value))
            return f"{call.op} is called with {has} where the dense network has {had}"
        return None

    def same(self, expected: Any, actual: Any) -> bool:
        """Whether a value, a number or a list of them is as predicted."""
        if isinstance(expected, fx.Node):
            if expected.op != "get_attr" or not isinstance(actual, Tensor):
                return expected is actual
            # What only the sizes of other values are made of is seen in those sizes.
            return expected not in self.live or _same_constant(self.trace.constants[expected], actual)
        if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
            return len(expected) == len(actual) and all(map(self.same, expected, actual))
        if isinstance(expected, float) and isinstance(actual, float) and math.isnan(expected):
            return math.isnan(actual)
        return type(expected) is type(actual) and bool(expected == actual)


def script(trace: Trace, labels: Labels) -> Script:
    """Get a dense record ready to be compared with."""
    originals: dict[fx.Node, fx.Node] = {}
    parts: dict[fx.Node, dict[int, fx.Node]] = {}
    steps: list[Step] = []
    for node in trace.graph.nodes:
        call = bind(node)
        if call is not None and call.op in COPIES:
            originals[node] = originals[call.args["self"]]
            continue
        originals[node] = node
        if call is None:
            continue
        if node.target is operator.getitem:
            parts.setdefault(call.args["self"], {})[call.args["index"]] = node
        else:
            steps.append(Step(call, fx.node.map_arg(complete(node.target, node.args, node.kwargs), originals.get)))
    return Script(trace, labels, tuple(steps), originals, parts, live_values(trace))


def complete(func: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """Name the arguments of a call, with the defaults that it leaves out."""
    names, defaults = _schema(func)
    return {**defaults, **dict(zip(names, args, strict=False)), **kwargs}


@lru_cache(None)
def _schema(func: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    arguments = func._schema.arguments
    return tuple(a.name for a in arguments), {a.name: a.default_value for a in arguments if a.has_default_value()}


def _same_constant(before: Tensor, after: Tensor) -> bool:
    if before.shape != after.shape:
        return False
    return before.is_meta or after.is_meta or torch.equal(before, after)


def _range(args: Mapping[str, Any], source: tuple[int, ...]) -> dict[str, Any]:
    """Write the ends of a range as positions of the value that it is taken of."""
    start = args.get("start") or 0
    end = start + args["length"] if "length" in args else args["end"]
    positions = range(*slice(start, end, args.get("step", 1)).indices(source[args.get("dim", 0) % len(source)]))
    rest = {name: value for name, value in args.items() if name not in ("start", "end", "length", "step")}
    return {**rest, "positions": positions}


def _words(name: str, value: Any) -> str:
    return "another value" if isinstance(value, fx.Node | Tensor) else f"{name} = {value}"
