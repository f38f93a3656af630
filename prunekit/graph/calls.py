"""Reads the operations of an ATen graph by the argument names of their schemas."""

import operator
from typing import Any

import torch
from torch import fx

from prunekit.graph.labels import Call


def bind(node: fx.Node) -> Call | None:
    """Name a call's arguments, defaults left out; ``None`` for what is no call."""
    if node.op != "call_function":
        return None
    if node.target is operator.getitem:
        return Call(node, "getitem", {"self": node.args[0], "index": node.args[1]}, shape_of(node))
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return Call(node, str(node.target), dict(enumerate(node.args)), shape_of(node))  # type: ignore[arg-type]
    names = [argument.name for argument in schema.arguments]
    args: dict[str, Any] = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
    return Call(node, schema.name.partition("::")[2], args, shape_of(node))


def draws(node: fx.Node) -> bool:
    """Whether an operation draws random numbers as it was called; a dropout in eval mode draws none."""
    if node.op != "call_function" or torch.Tag.nondeterministic_seeded not in getattr(node.target, "tags", ()):
        return False
    (call,) = filter(None, [bind(node)])
    schema = node.target._schema  # type: ignore[union-attr]
    args = {argument.name: call.args.get(argument.name, argument.default_value) for argument in schema.arguments}
    return args.get("train", args.get("training")) is not False and args.get("dropout_p") != 0


def writes(node: fx.Node) -> bool:
    """Whether an operation writes into one of its inputs; what is taken out of a history in place keeps its values."""
    schema = getattr(node.target, "_schema", None)
    return schema is not None and bool(schema.is_mutable) and schema.name != "aten::detach_"


def shape_of(node: fx.Node) -> tuple[int, ...]:
    """Return a value's shape, empty for what is no tensor."""
    value = node.meta.get("val")
    return tuple(value.shape) if isinstance(value, torch.Tensor) else ()


def rank(node: fx.Node) -> int:
    """Return how many dimensions a value has."""
    return len(shape_of(node))
