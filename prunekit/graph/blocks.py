"""Finds the residual branches: what lies between a value and its addition to itself, changed."""

from collections.abc import Iterator, Sequence

from torch import fx

from prunekit.graph.calls import bind, shape_of
from prunekit.graph.layers import LayerCall
from prunekit.graph.trace import Trace
from prunekit.records import Block


def find_blocks(trace: Trace, layers: Sequence[LayerCall]) -> tuple[Block, ...]:
    """List the residual branches; whether the network's own code does without one, ``removable`` finds out."""
    return tuple(block for block, _, _ in find_branches(trace, layers))


def find_branches(trace: Trace, layers: Sequence[LayerCall]) -> Iterator[tuple[Block, fx.Node, list[fx.Node]]]:
    """Find the residual branches with the value that each adds and all values on the way to it."""
    owner = {node: layer.name for layer in layers for node in layer.nodes}
    names_in_order = [layer.name for layer in layers]
    taken: set[str] = set()
    for node in trace.graph.nodes:
        call = bind(node)
        if call is None or call.op not in ("add", "add_"):
            continue
        operands = [value for value in node.args[:2] if isinstance(value, fx.Node)]
        if len(operands) != 2 or shape_of(operands[0]) != shape_of(operands[1]):
            continue
        for shortcut, branch in (operands, operands[::-1]):
            between = _between(trace, shortcut, branch)
            names = tuple(sorted({owner[value] for value in between if value in owner}, key=names_in_order.index))
            if names:
                name = _common_path(names)
                name = name if name not in taken else f"{name}#{len(taken)}"
                taken.add(name)
                yield Block(name, names), branch, between
                break


def _between(trace: Trace, start: fx.Node, end: fx.Node) -> list[fx.Node]:
    """Return the values on the way from ``start`` to ``end``; nothing unless all ways from the input pass ``start``."""
    between: dict[fx.Node, None] = {}
    stack, reached = [end], False
    while stack:
        node = stack.pop()
        if node is start:
            reached = True
        elif node.op == "placeholder" and node not in trace.tensors:
            return []
        elif node not in between:
            between[node] = None
            stack.extend(node.all_input_nodes)
    return list(between) if reached else []


def _common_path(names: Sequence[str]) -> str:
    parts = [name.split(".") for name in names]
    common = []
    for column in zip(*parts, strict=False):
        if len(set(column)) > 1:
            break
        common.append(column[0])
    return ".".join(common) or names[0]
