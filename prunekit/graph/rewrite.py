"""The second way to shrink: the recorded graph itself, its tensors sliced and its numbers rewritten.

A class that writes sizes down (``view(-1, 1024)``, ``reshape(n, t, 3, heads, c // heads)``) cannot run
without some channels. What it did can: the graph is run in its place, around the same modules and tensors.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.fx.graph_module import _format_import_block
from torch.package.importer import sys_importer
from torch.utils import _pytree as pytree

from prunekit.errors import StructureError
from prunekit.graph.calls import bind
from prunekit.graph.following import followed
from prunekit.graph.labels import Call, Labels
from prunekit.graph.packing import pack, unpack
from prunekit.graph.reads import varying_reads
from prunekit.graph.record import Example
from prunekit.graph.sizes import Survives, fitted
from prunekit.graph.trace import Trace, trace

MODULES: dict[str, type[nn.Module]] = {
    "linear": nn.Linear,
    "conv1d": nn.Conv1d,
    "conv2d": nn.Conv2d,
    "conv3d": nn.Conv3d,
    "batch_norm": nn.modules.batchnorm._BatchNorm,
    "layer_norm": nn.LayerNorm,
    "embedding": nn.Embedding,
}
"""Modules that are called where the graph does exactly what they do, so that they train, and hooks on them fire."""


class GraphNetwork(nn.Module):
    """A network that runs a graph, with the modules and tensors of the network that the graph was recorded of.

    Args:
        network: a network whose modules and tensors it takes over.
        source: the graph as Python code, a function of the network and its arguments.
    """

    def __init__(self, network: nn.Module, source: str) -> None:
        super().__init__()
        self._modules, self._parameters, self._buffers = network._modules, network._parameters, network._buffers
        self._non_persistent_buffers_set = network._non_persistent_buffers_set
        self._source = source  # text goes to other processes, a function does not
        self.training = network.training

    def forward(self, first: Any, *others: Any) -> Any:
        """Run the graph."""
        return _function(self._source)(self, first, *others)


@lru_cache(64)
def _function(source: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {}
    exec(source, scope)
    made: Callable[..., Any] = scope["forward"]
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Rewriting:
    """A graph for any number of samples, and where its numbers come from.

    Attributes:
        trace: the graph as it was recorded.
        labels: the channels of its values.
        arguments: what the network was called with.
        samples: for each number in a call's arguments that counts samples, the number for one:
            ``(call, argument, position or None)``.
    """

    trace: Trace
    labels: Labels
    arguments: tuple[Any, ...]
    samples: Mapping[tuple[fx.Node, str, int | None], int]

    def __reduce__(self) -> tuple[Any, ...]:
        values = self.trace, self.labels, self.arguments, self.samples
        return _unpacked, (pack(self.trace.graph, values),)

    def network(self, network: nn.Module, survives: Survives) -> GraphNetwork:
        """Make the graph of a cut network, which takes over the tensors of a network that are cut already.

        Args:
            network: the cut copy of the network, which need not be able to run.
            survives: which atoms stay.
        """
        smaller = GraphNetwork(network, _Writer(self, network, survives).source())
        for node, value in self.trace.constants.items():
            setattr(smaller, str(node.target), value)
        return smaller


def frozen_statistics(graph: Rewriting, network: nn.Module) -> tuple[str, ...]:
    """Name the running means that the graph of a network reads as in eval mode, whatever its mode.

    A module that stands for a call follows the network's mode. Of a function that was called with statistics nobody
    knows what the code would call it with in training.
    """
    writer = _Writer(graph, network, np.ones(graph.labels.count, dtype=bool))
    calls = filter(None, map(bind, graph.trace.graph.nodes))
    norms = (call for call in calls if call.op == "batch_norm" and writer.module(call, {}) is None)
    names = (graph.trace.tensors.get(call.args["running_mean"]) for call in norms)
    return tuple(filter(None, names))


def _unpacked(data: bytes) -> Rewriting:
    return Rewriting(*unpack(data))


def rewriting(model: nn.Module, example: Example, traced: Trace, labels: Labels) -> Rewriting:
    """Find out which numbers of a graph count samples, by recording another number of them.

    Raises:
        StructureError: the graph is no stand-in for the network, with the reason.
    """
    if reads := varying_reads(traced):
        raise StructureError(f"the forward pass reads a value ({reads[0]})")
    if traced.output is None:
        raise StructureError("the forward pass returns a data class")
    if any(value.is_meta for value in traced.constants.values()):
        raise StructureError("the values of its constants are not known")
    more = traced.batch + 3
    larger = trace(model, pytree.tree_map_only(Tensor, lambda tensor: _repeated(tensor, traced.batch, more), example))
    samples: dict[tuple[fx.Node, str, int | None], int] = {}
    for call, name, place, ours, theirs in _pairs(traced, larger):
        if ours == theirs:
            continue
        if ours * more != theirs * traced.batch:
            raise StructureError(f"{call.op} depends on the number of samples")
        samples[call.node, name, place] = ours // traced.batch
    return Rewriting(traced, labels, example if isinstance(example, tuple) else (example,), samples)


def _pairs(traced: Trace, larger: Trace) -> Iterator[tuple[Call, str, int | None, int, int]]:
    """Yield every number in the arguments of every call, in both traces."""
    nodes, others = list(traced.graph.nodes), list(larger.graph.nodes)
    if [node.target for node in nodes] != [node.target for node in others]:
        raise StructureError("other numbers of samples take another way through it")
    for node, other in zip(nodes, others, strict=True):
        call, twin = bind(node), bind(other)
        if call is not None and twin is not None:
            for name, value in call.args.items():
                for place, ours, theirs in _numbers(value, twin.args.get(name)):
                    yield call, name, place, ours, theirs


def _repeated(tensor: Tensor, batch: int, more: int) -> Tensor:
    if not tensor.ndim or tensor.shape[0] != batch:
        return tensor
    return tensor[:1].expand(more, *tensor.shape[1:]).contiguous()


def _numbers(value: Any, twin: Any) -> list[tuple[int | None, int, int]]:
    if type(value) is int and type(twin) is int:
        return [(None, value, twin)]
    if isinstance(value, list | tuple) and isinstance(twin, list | tuple):
        return [
            (place, a, b)
            for place, (a, b) in enumerate(zip(value, twin, strict=False))
            if type(a) is int and type(b) is int
        ]
    return []


class _Writer:
    """Writes the graph of a cut network, as a function of the network and its arguments."""

    def __init__(self, rewriting: Rewriting, network: nn.Module, survives: Survives) -> None:
        self._rewriting, self._survives = rewriting, survives
        self._modules = dict(network.named_modules())
        self._graph = fx.Graph()
        self._values: dict[fx.Node, Any] = {}
        self._batch: fx.Node | None = None
        self._sample: fx.Node | None = None

    def source(self) -> str:
        """Translate node by node; the input is unpacked first."""
        placeholders = [node for node in self._rewriting.trace.graph.nodes if node.op == "placeholder"]
        inputs = iter(node for node in placeholders if node not in self._rewriting.trace.tensors)
        for position, argument in enumerate(self._rewriting.arguments):
            self._take_apart(argument, self._graph.placeholder(f"x{position}"), inputs)
        for node in placeholders:
            if node in self._rewriting.trace.tensors and node.users:
                self._values[node] = self._graph.get_attr(self._rewriting.trace.tensors[node])
        for node in self._rewriting.trace.graph.nodes:
            if node.op == "call_function":
                self._values[node] = self._call(node)
            elif node.op == "get_attr":
                self._values[node] = self._graph.get_attr(node.target)
        self._graph.output(fx.node.map_arg(self._rewriting.trace.output, self._values.__getitem__))
        code = self._graph.python_code("self")
        return _format_import_block(code.globals, sys_importer) + code.src

    def _take_apart(self, argument: Any, value: fx.Node, inputs: Any) -> None:
        if isinstance(argument, Tensor):
            self._values[next(inputs)] = value
            self._sample = self._sample or value
            if self._batch is None and argument.ndim:
                self._batch = self._graph.call_method("size", (value, 0))
        elif isinstance(argument, list | tuple | dict):
            parts = argument.items() if isinstance(argument, dict) else enumerate(argument)
            for key, part in parts:
                self._take_apart(part, self._graph.call_function(operator.getitem, (value, key)), inputs)

    def _call(self, node: fx.Node) -> fx.Node:
        call = bind(node)
        assert call is not None
        new = fitted(self._rewriting.labels, call, self._survives)
        path = self.module(call, new)
        if path is not None:
            return self._graph.call_module(path, (self._values[_source(call)],))
        new |= {name: self._graph.get_attr(path) for name, path in followed(self._rewriting.trace, call).items()}
        args = [self._argument(node, name, call.args[name], new) for name in list(call.args)[: len(node.args)]]
        kwargs = {name: self._argument(node, name, value, new) for name, value in node.kwargs.items()}
        kwargs |= {name: value for name, value in new.items() if name not in call.args}
        target: Any = node.target
        return self._graph.call_function(target, tuple(args), kwargs)

    def _argument(self, node: fx.Node, name: Any, value: Any, new: Mapping[str, Any]) -> Any:
        samples = self._rewriting.samples
        value = new.get(name, value)
        if isinstance(value, torch.device):  # where it was recorded; elsewhere it is that of the samples
            return self._graph.call_function(getattr, (self._sample, "device"))
        if (node, name, None) in samples:
            return self._rows(value)
        if isinstance(value, list | tuple):
            value = [self._rows(v) if (node, name, place) in samples else v for place, v in enumerate(value)]
        return fx.node.map_arg(value, lambda part: self._values.get(part, part))

    def _rows(self, number: int) -> fx.Node:
        each = number // self._rewriting.trace.batch
        assert self._batch is not None
        return self._batch if each == 1 else self._graph.call_function(operator.mul, (self._batch, each))

    def module(self, call: Call, new: Mapping[str, Any]) -> str | None:
        """Return the module that does exactly this call, with the numbers that the cut gives it."""
        weight = self._name(call.args.get("weight"))
        path = weight.rpartition(".")[0] if weight else ""
        if not path:
            return None
        module: nn.Module = self._modules[path]
        if type(module).__module__.partition(".")[0] != "torch" or not isinstance(module, MODULES.get(call.op, ())):
            return None
        if module._forward_hooks or module._forward_pre_hooks:  # what they did was recorded, and would be done twice
            return None
        for leaf in ("weight", "bias", "running_mean", "running_var"):
            own = f"{path}.{leaf}" if getattr(module, leaf, None) is not None else None
            # A tensor that the pass computes is none of the module's, and yet it is there.
            if self._name(call.args.get(leaf)) != own:
                return None
        return path if _same_options(module, {**call.args, **new}) else None

    def _name(self, value: Any) -> str | None:
        """Return the name of a parameter or buffer, nothing for any other value, ``None`` where there is no value."""
        return self._rewriting.trace.tensors.get(value, "") if isinstance(value, fx.Node) else None


def _same_options(module: nn.Module, args: Mapping[str, Any]) -> bool:
    """Whether a module calls its operation with these options."""
    if isinstance(module, nn.modules.conv._ConvNd):
        defaults = {"stride": [1], "padding": [0], "dilation": [1]}
        same = module.padding_mode == "zeros" and args.get("groups", 1) == module.groups
        return same and all(
            tuple(args.get(name, default * len(module.kernel_size))) == tuple(getattr(module, name))
            for name, default in defaults.items()
        )
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        reads_batch = module.running_mean is None and module.running_var is None
        return bool(args["eps"] == module.eps and args["training"] == reads_batch)
    if isinstance(module, nn.LayerNorm):
        return bool(args.get("eps", 1e-5) == module.eps)
    return not isinstance(module, nn.Embedding) or module.max_norm is None


def _source(call: Call) -> fx.Node:
    source: fx.Node = call.args["indices" if call.op == "embedding" else "input"]
    return source
