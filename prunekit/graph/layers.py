"""The layers of a graph: operations that hold a weight, in execution order, and how they follow each other."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from torch import fx

from prunekit.graph.calls import bind, shape_of
from prunekit.graph.cells import RECURRENT, cells
from prunekit.graph.labels import Call
from prunekit.graph.trace import Trace

OUTPUT_DIM = {
    "conv1d": 0,
    "conv2d": 0,
    "conv3d": 0,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "linear": 0,
    "embedding": 1,
    "matmul": 1,
    "mm": 1,
    "addmm": 1,
    **dict.fromkeys(RECURRENT, 0),
}
"""The dimension of a layer's weight that makes its output channels, by operation."""


FROM_PARAMETERS = frozenset("_weight_norm add sub mul div chunk split split_with_sizes getitem to contiguous".split())
"""Operations that compute a weight from parameters without moving its dimensions."""
PARAMETRIZED = re.compile(r"\.parametrizations(\.weight)\.original\d*$|(?:^|(?<=\.))(weight)_(?:orig|v)$")
"""How the tensor is called that a weight is computed from, by parametrizations and by hooks of `torch.nn.utils`."""


@dataclass(frozen=True, slots=True)
class LayerCall:
    """A layer as the graph shows it.

    Attributes:
        name: module path, or the tensor's name for a functional weight.
        op: the operation.
        weight: name of the weight tensor.
        tensors: names of all its tensors: weight, then bias.
        nodes: its calls, more than one where a module is called again. Of a recurrent call, in which many weights work
            together, it is the first weight that is called.
    """

    name: str
    op: str
    weight: str
    tensors: tuple[str, ...]
    nodes: tuple[fx.Node, ...]

    @property
    def output_dim(self) -> int:
        """The dimension of the weight that makes the output channels."""
        return OUTPUT_DIM[self.op]


def find_layers(trace: Trace) -> tuple[LayerCall, ...]:
    """List the layers in order of their first call."""
    layers: dict[str, LayerCall] = {}
    learned = _learned(trace)
    for node in trace.graph.nodes:
        call = bind(node)
        if call is None or call.op not in OUTPUT_DIM:
            continue
        if call.op in RECURRENT:
            _add_recurrent(layers, trace, call)
            continue
        weight = call.args.get("weight", call.args.get("other", call.args.get("mat2")))
        if call.has("weight"):
            weight = _parameter(trace, call.args["weight"], learned)
        elif isinstance(weight, fx.Node) and (turned := _turned(weight)) is not None:
            weight, call = turned, replace(call, op="linear")
        if not isinstance(weight, fx.Node) or weight not in trace.tensors:
            continue
        tensor = trace.tensors[weight]
        bias = call.args.get("self" if "mat1" in call.args else "bias")
        names = (tensor, trace.tensors[bias]) if isinstance(bias, fx.Node) and bias in trace.tensors else (tensor,)
        earlier = layers.get(tensor)
        if earlier is None:
            path, _, leaf = PARAMETRIZED.sub(r"\1\2", tensor).rpartition(".")
            layers[tensor] = LayerCall(path if path and leaf == "weight" else tensor, call.op, tensor, names, (node,))
        elif earlier.op == call.op:
            layers[tensor] = LayerCall(earlier.name, call.op, tensor, earlier.tensors, (*earlier.nodes, node))
    return tuple(layers.values())


def _add_recurrent(layers: dict[str, LayerCall], trace: Trace, call: Call) -> None:
    """Add every weight of a recurrent call as a layer; the first has the name of the module."""
    pairs = [pair for layer in cells(call) for cell in layer for pair in cell.matrices]
    for place, (weight, bias) in enumerate(pairs):
        if weight not in trace.tensors:
            continue
        tensor = trace.tensors[weight]
        names = (tensor, trace.tensors[bias]) if bias is not None and bias in trace.tensors else (tensor,)
        name = tensor.rpartition(".")[0] if place == 0 else ""
        earlier = layers.get(tensor, LayerCall(name or tensor, call.op, tensor, names, ()))
        layers[tensor] = replace(earlier, nodes=(*earlier.nodes, call.node) if place == 0 else ())


def _turned(weight: fx.Node) -> fx.Node | None:
    """Return the matrix that the second factor of a product is the transpose of: such a product is a linear layer."""
    call = bind(weight)
    if call is None or len(call.shape) != 2 or call.op not in ("t", "numpy_T", "transpose", "permute"):
        return None
    source: fx.Node = call.args["self"]
    is_turned = [d % 2 for d in call.args.get("dims", (1, 0))] == [1, 0]
    return source if is_turned else None


def _parameter(trace: Trace, weight: fx.Node, learned: set[fx.Node]) -> fx.Node | None:
    """Find the parameter that a weight is computed from, where nothing but parameters goes into it."""
    while weight not in trace.tensors:
        call = bind(weight)
        if call is None or call.op not in FROM_PARAMETERS:
            return None
        rank = len(shape_of(weight)) or None
        inputs = [node for node in weight.all_input_nodes if rank is None or len(shape_of(node)) in (0, rank)]
        if not inputs:
            return None
        # Of a mask and what it masks, the latter is the weight.
        weight = max(inputs, key=lambda node: (node in learned, math.prod(shape_of(node))))
    return weight


def _learned(trace: Trace) -> set[fx.Node]:
    """Return the values that parameters go into."""
    found: set[fx.Node] = set()
    for node in trace.graph.nodes:
        if trace.tensors.get(node) in trace.parameters or not found.isdisjoint(node.all_input_nodes):
            found.add(node)
    return found


def sources(trace: Trace, layers: tuple[LayerCall, ...]) -> Mapping[fx.Node, tuple[str, ...]]:
    """Name for every value the layers that it was last computed by."""
    owner = {node: layer.name for layer in layers for node in layer.nodes}
    seen: dict[fx.Node, tuple[str, ...]] = {}
    for node in trace.graph.nodes:
        if node in owner:
            seen[node] = (owner[node],)
        else:
            seen[node] = tuple(dict.fromkeys(name for value in node.all_input_nodes for name in seen[value]))
    return seen


def links(trace: Trace, layers: tuple[LayerCall, ...]) -> tuple[tuple[str, str], ...]:
    """Return the edges of the network diagram: from each layer to those that read its output.

    Of the weights of a recurrent call, which are layers without calls of their own, each leads to the next.
    """
    before = sources(trace, layers)
    edges = [
        (name, layer.name)
        for layer in layers
        for node in layer.nodes
        for value in node.all_input_nodes
        for name in before[value]
        if name != layer.name
    ]
    chain = [(one.name, other.name) for one, other in pairwise(layers) if not other.nodes]
    ends = dict(chain)
    for first in ends:
        while ends[first] in ends:
            ends[first] = ends[ends[first]]
    return tuple(dict.fromkeys([*edges, *chain, *((ends[name], reader) for name, reader in edges if name in ends)]))
