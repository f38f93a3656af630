"""Finds the reshapes that lay out channels for an operation that reads them from a fixed dimension.

A row of numbers that becomes ``(channels, height, width)`` says nothing about which of the three is cut. Walking back
from the convolutions, normalisations and poolings that read dimension 1 as channels does.
"""

from collections.abc import Iterator

from torch import fx

from prunekit.graph.calls import bind, rank
from prunekit.graph.heads import RESHAPES, axes_before
from prunekit.graph.labels import CHANNEL_AXIS, Call
from prunekit.graph.rules import convolution, elementwise, spatial

SHUFFLES = frozenset("pixel_shuffle pixel_unshuffle".split())
READERS = frozenset(
    (*convolution.RULES, *spatial.NAMES, *"batch_norm instance_norm group_norm channel_shuffle".split(), *SHUFFLES)
)
"""Operations that read one dimension of their first input as channels."""
JOINING = frozenset((*elementwise.NAMES, "cat", "concat", "concatenate", "hstack"))
"""Operations each of whose inputs has its channels where the value has them."""


def mark_channels(graph: fx.Graph) -> None:
    """Note on each reshape on the way to a reader of channels which of its dimensions numbers them."""
    seen: set[tuple[fx.Node, int]] = set()
    for node in graph.nodes:
        call = bind(node)
        if call is None or call.op not in READERS:
            continue
        source = next(iter(node.all_input_nodes))
        if rank(source) >= 3:
            _walk_back(source, rank(source) - 3 if call.op in SHUFFLES else 1, seen)


def _walk_back(node: fx.Node, axis: int, seen: set[tuple[fx.Node, int]]) -> None:
    waiting = [(node, axis)]
    while waiting:
        node, axis = waiting.pop()
        call = bind(node)
        if call is None or axis < 0 or (node, axis) in seen:
            continue
        seen.add((node, axis))
        if call.op in RESHAPES:
            node.meta.setdefault(CHANNEL_AXIS, axis)
        waiting += _before(call, axis)


def _before(call: Call, axis: int) -> Iterator[tuple[fx.Node, int]]:
    if call.op in JOINING:
        yield from ((value, axis) for value in call.node.all_input_nodes if rank(value) == len(call.shape))
    else:
        yield from axes_before(call, axis)
