"""Finds the reshapes that lay out attention heads, so that a head is one unit.

Splitting ``heads·channels`` into two dimensions says nothing about which of the two survives a
cut. Walking back from every attention to the reshape that made its inputs does.
"""

import math
from collections.abc import Iterator

from torch import fx

from prunekit.graph.calls import bind, rank, shape_of
from prunekit.graph.labels import HEAD_AXIS, Call
from prunekit.graph.rules.elementwise import NAMES

RESHAPES = {"view", "reshape", "flatten", "unflatten", "_unsafe_view"}
FILLED = {"expand", "zeros", "ones", "full", "new_zeros", "new_ones", "new_full"}
"""Operations that lay out the same for every head."""
PRODUCTS = {"matmul", "bmm", "baddbmm"}
JOINED = frozenset(NAMES)
"""Operations that line their operands' dimensions up from the right."""
PASSING = frozenset(
    "getitem chunk split split_with_sizes layer_norm rms_norm slice repeat_interleave view_as_complex "
    "view_as_real".split()
)
"""Operations whose value has the dimensions of their first input."""


def mark_heads(graph: fx.Graph) -> None:
    """Note on each reshape on the way to an attention which of its dimensions numbers the heads.

    The same is noted on what repeats one entry for every head.
    """
    for node in graph.nodes:
        call = bind(node)
        if call is None:
            continue
        if call.op == "scaled_dot_product_attention":
            for name in ("query", "key", "value", "attn_mask"):
                if call.has(name):
                    _walk_back(call.args[name], rank(call.args[name]) - 3)
        elif call.op in ("softmax", "_softmax") and rank(node) >= 3:
            _mark_products(node, rank(node) - 3)


def _mark_products(softmax: fx.Node, axis: int) -> None:
    """Follow a softmax between two products: attention written out by hand."""
    source = softmax.args[0]
    assert isinstance(source, fx.Node)
    scores = next((place for place in _walk_back(source, axis) if _is_product(place[0])), None)
    if scores is None:
        return
    product, at = scores
    operands = [value for value in product.args if isinstance(value, fx.Node)]
    for operand in operands[-2:]:
        _walk_back(operand, at)
    for product, place in _products_after(softmax, axis):
        second = product.args[1]
        if isinstance(second, fx.Node):
            _walk_back(second, place)


def _is_product(node: fx.Node) -> bool:
    call = bind(node)
    return call is not None and call.op in PRODUCTS


def _products_after(softmax: fx.Node, axis: int) -> list[tuple[fx.Node, int]]:
    products, stack = [], [(user, softmax, axis) for user in softmax.users]
    while stack:
        node, source, at = stack.pop()
        call = bind(node)
        if call is None or node.args[0] is not source:
            continue
        if call.op in PRODUCTS:
            products.append((node, at))
        elif call.op in JOINED or call.op == "expand":
            stack.extend((user, node, at) for user in node.users)
        elif call.op in RESHAPES and (place := _same_axis(shape_of(source), call.shape, at)) is not None:
            stack.extend((user, node, place) for user in node.users)
    return products


def _walk_back(node: fx.Node, axis: int) -> list[tuple[fx.Node, int]]:
    """Mark what lays out heads on the way to a value, and list all that it was made of, the nearest first.

    Each comes with the dimension that became the given one.
    """
    waiting, reached = [(node, axis)], dict[tuple[fx.Node, int], None]()
    while waiting:
        node, axis = waiting.pop()
        call = bind(node)
        if axis < 0 or call is None or (node, axis) in reached:
            continue
        reached[node, axis] = None
        if call.op in RESHAPES or call.op in FILLED:
            node.meta[HEAD_AXIS] = axis
        waiting += reversed([*axes_before(call, axis)])
    return list(reached)


def axes_before(call: Call, axis: int) -> Iterator[tuple[fx.Node, int]]:
    """Yield the operation's inputs, and the dimension of each that a dimension of the value comes from."""
    sources = call.node.all_input_nodes
    if not sources:
        return
    if call.op in JOINED or call.op in ("cat", "concat"):
        for source in sources:
            place = axis - rank(call.node) + rank(source)
            if place >= 0 and shape_of(source)[place] == call.shape[axis]:
                yield source, place
        return
    before = _axis_before(call, sources[0], axis)
    if before is not None:
        yield sources[0], before


def _axis_before(call: Call, source: fx.Node, axis: int) -> int | None:
    """Return the dimension of an operation's only input that a dimension of its value comes from."""
    before, after = shape_of(source), call.shape
    if call.op in RESHAPES:
        same = _same_axis(after, before, axis)
        return _repeated_axis(after, before, axis) if same is None else same
    if call.op in ("permute", "transpose", "swapaxes"):
        return _order(call)[axis]
    if call.op in ("select", "unbind"):
        return axis + int(axis >= call.args.get("dim", 0) % len(before))
    if call.op == "unsqueeze":
        new = int(call.args["dim"]) % len(after)
        return None if axis == new else axis - int(axis > new)
    if call.op == "expand":
        place = axis - len(after) + len(before)
        return place if place >= 0 and before[place] == after[axis] else None
    return axis if call.op in PASSING else None


def _order(call: Call) -> list[int]:
    """Return for each dimension of a value where it stood before they were put in another order."""
    order = list(range(len(call.shape)))
    if call.op == "permute":
        return [order[dim] for dim in call.args["dims"]]
    a, b = call.args["dim0"], call.args["dim1"]
    order[a], order[b] = order[b], order[a]
    return order


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


def _repeated_axis(shape: tuple[int, ...], other: tuple[int, ...], axis: int) -> int | None:
    """Find the dimension that this one was made of together with the next: each head, and its copies after it."""
    inner = math.prod(shape[axis + 1 :])
    for place in range(1, len(other) - 1):
        if other[place] * other[place + 1] == shape[axis] and math.prod(other[place + 2 :]) == inner:
            return place
    return None
