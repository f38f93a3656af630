"""Finds the reshapes that lay out attention heads, so that a head is one unit.

Splitting ``heads·channels`` into two dimensions says nothing about which of the two survives a
cut. Walking back from every attention to the reshape that made its inputs does.
"""

from torch import fx

from prunekit.graph.calls import bind, rank
from prunekit.graph.rules.elementwise import NAMES
from prunekit.graph.rules.shape import HEAD_AXIS

ELEMENTWISE = frozenset(NAMES)
RESHAPES = {"view", "reshape", "unflatten", "_unsafe_view"}
PRODUCTS = {"matmul", "bmm"}


def mark_heads(graph: fx.Graph) -> None:
    """Note on each reshape that feeds an attention which of its dimensions numbers the heads."""
    for node in graph.nodes:
        call = bind(node)
        if call is None:
            continue
        if call.op == "scaled_dot_product_attention":
            for name in ("query", "key", "value"):
                _walk_back(call.args[name], rank(call.args[name]) - 3)
        elif call.op in ("softmax", "_softmax") and rank(node) >= 4:
            _mark_products(node, rank(node) - 3)


def _mark_products(softmax: fx.Node, axis: int) -> None:
    """Follow a softmax between two products: attention written out by hand."""
    scores = softmax.args[0]
    while isinstance(scores, fx.Node) and (call := bind(scores)) is not None and call.op in ELEMENTWISE:
        scores = scores.args[0]
    if not isinstance(scores, fx.Node) or (call := bind(scores)) is None or call.op not in PRODUCTS:
        return
    for operand in scores.args[:2]:
        if isinstance(operand, fx.Node):
            _walk_back(operand, axis)
    weights = softmax
    while len(weights.users) == 1 and (call := bind(next(iter(weights.users)))) is not None and call.op in ELEMENTWISE:
        weights = call.node
    for user in weights.users:
        product = bind(user)
        if product is not None and product.op in PRODUCTS and isinstance(user.args[1], fx.Node):
            _walk_back(user.args[1], axis)


def _walk_back(node: fx.Node, axis: int) -> None:
    while axis >= 0 and (call := bind(node)) is not None:
        if call.op in RESHAPES:
            node.meta[HEAD_AXIS] = axis
            return
        source = next((value for value in call.args.values() if isinstance(value, fx.Node)), None)
        if source is None:
            return
        if call.op == "permute":
            axis = call.args["dims"][axis] % len(call.shape)
        elif call.op in ("transpose", "swapaxes"):
            a, b = call.args["dim0"] % len(call.shape), call.args["dim1"] % len(call.shape)
            axis = {a: b, b: a}.get(axis, axis)
        elif call.op in ("select", "unbind"):
            axis += axis >= call.args.get("dim", 0) % rank(source)
        elif call.op not in ELEMENTWISE | {"getitem", "chunk", "split", "layer_norm"}:
            return
        node = source
