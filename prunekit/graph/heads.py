"""Finds the reshapes that lay out attention heads, so that a head is one unit.

Splitting ``heads·channels`` into two dimensions says nothing about which of the two survives a
cut. Walking back from every attention to the reshape that made its inputs does.
"""

import math

from torch import fx

from prunekit.graph.calls import bind, rank, shape_of
from prunekit.graph.labels import Call
from prunekit.graph.rules.elementwise import NAMES
from prunekit.graph.rules.reshaping import HEAD_AXIS

RESHAPES = {"view", "reshape", "unflatten", "_unsafe_view"}
PRODUCTS = {"matmul", "bmm", "baddbmm"}
PASSING = frozenset(
    (*NAMES, *"getitem chunk split split_with_sizes layer_norm rms_norm expand".split()),
)
"""Operations whose value has the dimensions of their first input."""


def mark_heads(graph: fx.Graph) -> None:
    """Note on each reshape on the way to an attention which of its dimensions numbers the heads."""
    for node in graph.nodes:
        call = bind(node)
        if call is None:
            continue
        if call.op == "scaled_dot_product_attention":
            for name in ("query", "key", "value"):
                _walk_back(call.args[name], rank(call.args[name]) - 3)
        elif call.op in ("softmax", "_softmax") and rank(node) >= 3:
            _mark_products(node, rank(node) - 3)


def _mark_products(softmax: fx.Node, axis: int) -> None:
    """Follow a softmax between two products: attention written out by hand."""
    scores, at = _product_before(softmax, axis)
    if scores is None or at is None:
        return
    operands = [value for value in scores.args if isinstance(value, fx.Node)]
    for operand in operands[-2:]:
        _walk_back(operand, at)
    for product, place in _products_after(softmax, axis):
        second = product.args[1]
        if isinstance(second, fx.Node):
            _walk_back(second, place)


def _product_before(softmax: fx.Node, axis: int) -> tuple[fx.Node | None, int | None]:
    node, at = softmax.args[0], axis
    while isinstance(node, fx.Node) and (call := bind(node)) is not None:
        if call.op in PRODUCTS:
            return node, at
        moved = _axis_before(call, at)
        if moved is None:
            return None, None
        node, at = moved
    return None, None


def _products_after(softmax: fx.Node, axis: int) -> list[tuple[fx.Node, int]]:
    products, stack = [], [(user, softmax, axis) for user in softmax.users]
    while stack:
        node, source, at = stack.pop()
        call = bind(node)
        if call is None or node.args[0] is not source:
            continue
        if call.op in PRODUCTS:
            products.append((node, at))
        elif call.op in PASSING:
            stack.extend((user, node, at) for user in node.users)
        elif call.op in RESHAPES and (place := _same_axis(shape_of(source), call.shape, at)) is not None:
            stack.extend((user, node, place) for user in node.users)
    return products


def _walk_back(node: fx.Node, axis: int) -> None:
    while axis >= 0 and (call := bind(node)) is not None:
        if call.op in RESHAPES:
            node.meta[HEAD_AXIS] = axis
        moved = _axis_before(call, axis)
        if moved is None:
            return
        node, axis = moved


def _axis_before(call: Call, axis: int) -> tuple[fx.Node, int] | None:
    """Return the operation's first input, and the dimension of it that a dimension of the value comes from."""
    inputs = [value for name, value in call.args.items() if name != "condition"]
    source = next((value for value in inputs if isinstance(value, fx.Node)), None)
    if source is None:
        return None
    if call.op in RESHAPES:
        place = _same_axis(call.shape, shape_of(source), axis)
        return None if place is None else (source, place)
    if call.op == "permute":
        axis = call.args["dims"][axis] % len(call.shape)
    elif call.op in ("transpose", "swapaxes"):
        a, b = call.args["dim0"] % len(call.shape), call.args["dim1"] % len(call.shape)
        axis = {a: b, b: a}.get(axis, axis)
    elif call.op in ("select", "unbind"):
        axis += axis >= call.args.get("dim", 0) % rank(source)
    elif call.op == "unsqueeze":
        axis -= axis > call.args["dim"] % len(call.shape)
    elif call.op == "squeeze" or call.op not in PASSING:
        return None
    return source, axis


def _same_axis(shape: tuple[int, ...], other: tuple[int, ...], axis: int) -> int | None:
    """Find the dimension of another shape that has the same positions as a dimension of this one.

    It has the same size, and the dimensions after it have the same product. Where it or the given dimension is the
    first, one size may be a multiple of the other, since samples are then laid into it: the heads of
    ``(batch, heads, tokens, channels)`` are those of ``(batch · heads, tokens, channels)``.
    """
    inner = math.prod(shape[axis + 1 :])
    for place in range(len(other)):
        if math.prod(other[place + 1 :]) == inner and other[place] != 1 and shape[axis] != 1:
            larger, smaller = max(other[place], shape[axis]), min(other[place], shape[axis])
            return place if larger % smaller == 0 and (larger == smaller or 0 in (place, axis)) else None
    return None
