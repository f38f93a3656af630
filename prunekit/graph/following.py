"""Arguments of recorded calls that are not written down but read off the network when its graph runs.

Its mode tells dropout what to do. Noughts that a pass makes, such as the states that recurrent layers start from, are
of the type and on the device of the weights that they meet, also after the network was moved.
"""

from typing import Any

import torch
from torch import fx

from prunekit.graph.calls import bind
from prunekit.graph.cells import GATES
from prunekit.graph.labels import Call
from prunekit.graph.trace import Trace

DROPPING = frozenset(("dropout", "feature_dropout", "alpha_dropout"))
BLANK = frozenset(("zeros", "ones"))
MOVING = frozenset(("to", "_to_copy", "clone", "contiguous"))


def followed(trace: Trace, call: Call) -> dict[str, str]:
    """Return for arguments of a call the attribute of the network that stands in for each."""
    if call.op.rstrip("_") in DROPPING or call.op in GATES:
        return {"train": "training"}
    name = _typed(trace, call.node.meta["val"]) if _is_blank(call) else None
    if name is None:
        return {}
    return {argument: f"{name}.{argument}" for argument in ("dtype", "device") if call.args.get(argument) is not None}


def _is_blank(call: Call | None) -> bool:
    while call is not None and call.op in MOVING:
        call = bind(call.args["self"])
    return call is not None and call.op in BLANK


def _typed(trace: Trace, value: Any) -> str | None:
    """Name the first parameter of a value's type, where that is one of fractions."""
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        return None
    parameters = ((node, name) for node, name in trace.tensors.items() if name in trace.parameters)
    return next((name for node, name in parameters if _dtype(node) == value.dtype), None)


def _dtype(node: fx.Node) -> torch.dtype | None:
    value = node.meta.get("val")
    return value.dtype if isinstance(value, torch.Tensor) else None
