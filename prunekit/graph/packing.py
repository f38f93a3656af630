"""A graph, and what is said of its values, as bytes: for another process."""

import io
import pickle
from typing import Any

import torch
from torch import fx
from torch._ops import OpOverload


def pack(graph: fx.Graph, values: Any) -> bytes:
    """Write a graph and values that refer to it, or to its nodes.

    Nodes know their neighbours, so that a pickle of one would hold all, one inside the other, and long graphs would
    be too deep. So they are written one by one, each by its number in the others.
    """
    stream = io.BytesIO()
    writer = _Writer(stream, graph)
    for record in ((len(graph.nodes),), *map(_record, graph.nodes), values):
        writer.dump(record)
    return stream.getvalue()


def unpack(data: bytes) -> Any:
    """Make the graph anew and return the values that were packed with it; only for bytes of one's own process."""
    reader = _Reader(io.BytesIO(data))
    (count,) = reader.load()
    for _ in range(count):
        op, name, target, args, kwargs, meta = reader.load()
        node = reader.graph.create_node(op, target, args, kwargs, name)
        node.meta.update(meta)
        reader.nodes.append(node)
    return reader.load()


def _record(node: fx.Node) -> tuple[Any, ...]:
    return node.op, node.name, node.target, node.args, node.kwargs, dict(node.meta)


class _Writer(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, graph: fx.Graph) -> None:
        super().__init__(stream)
        self._graph, self._numbers = graph, {node: number for number, node in enumerate(graph.nodes)}

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, OpOverload):  # which PyTorch does not pickle
            return value._schema.name, value._overloadname
        return self._numbers[value] if isinstance(value, fx.Node) else "graph" if value is self._graph else None


class _Reader(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.graph, self.nodes = fx.Graph(), list[fx.Node]()

    def persistent_load(self, key: Any) -> Any:
        if isinstance(key, int):
            return self.nodes[key]
        if key == "graph":
            return self.graph
        (space, _, operation), overload = key[0].partition("::"), key[1]
        return getattr(getattr(getattr(torch.ops, space), operation), overload)
