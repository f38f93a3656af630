"""Scaled dot-product attention keeps whole heads apart."""

from collections.abc import Iterable
from functools import reduce

import numpy as np

from prunekit.graph.calls import shape_of
from prunekit.graph.labels import POSITION, Call, Dim, Dims, Labels, Unsupported

INSIDE = "channels inside an attention head"


def attention(labels: Labels, call: Call) -> Dims:
    """Label ``(batch, heads, queries, channels)``; heads of query, key, value and mask go together.

    The channels inside a head are frozen: the scale 1/√channels would change with a cut. So are the positions of
    keys, over which the weights sum to one.
    """
    names = [name for name in ("query", "key", "value", "attn_mask") if call.has(name)]
    operands = [(labels.dims(call, name), shape_of(call.args[name])) for name in names]
    (query, _), (key, _), (value, _), *masks = operands
    for dims in (query, key):
        labels.freeze(dims[-1], INSIDE)
    for keys in (labels.couple(key[-2], value[-2]), *(dims[-1] for dims, _ in masks)):
        labels.freeze(keys, "softmax over channels")
    queries = [query[-2], *_spread(labels, masks, 2, call.shape[-2])]
    leading = [_spread(labels, operands, d, call.shape[-d]) for d in range(len(call.shape), 2, -1)]
    result = [reduce(labels.couple, dims) if dims else POSITION for dims in (*leading, queries)]
    if len(result) > 1 and not isinstance(result[-2], str):  # where whole heads can go, nothing inside of them does
        labels.freeze(value[-1], INSIDE)
        return [*result, INSIDE]
    return [*result, value[-1]]


def _spread(labels: Labels, operands: Iterable[tuple[Dims, tuple[int, ...]]], d: int, whole: int) -> list[Dim]:
    """Return the operands' dimensions at a place from the right, each as long as the result's.

    A dimension of fewer positions serves several that follow each other: a head of keys and values and the query
    heads that read it are one unit (grouped-query attention).
    """
    spread: list[Dim] = []
    for dims, shape in operands:
        if len(dims) < d:
            continue
        dim, size = dims[-d], shape[-d]
        if size == 1 < whole:
            labels.freeze(dim, "one attention head that serves all others")
        elif whole % size:
            raise Unsupported
        else:
            spread.append(dim if isinstance(dim, str) else np.repeat(dim, whole // size))
    return spread


RULES = {"scaled_dot_product_attention": attention}
