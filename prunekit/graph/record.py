"""Writes down the operations of a forward pass while it runs.

``make_fx(pre_dispatch=True)`` makes the same graph, but imports a compiler for it, which takes seconds
in every process. This recorder is a dispatch mode of the same kind without the compiler.
"""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils import _pytree as pytree

from prunekit.errors import StructureError
from prunekit.graph.watch import Watch, reads_values, run, tensors_in, twin, watching, written

Example = Tensor | tuple[Any, ...]
"""What a network is called with: one tensor, or all its arguments, in which tensors may be nested."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What one forward pass did.

    Attributes:
        graph: the operations.
        constants: the values of its constants: tensors that are none of the inputs, as they were when first used.
        reads: the operations by which the pass read values, so that other inputs may take other ways.
        branches: the values that it read the truth of, with the operation.
        numbers: the values that it read numbers of, with the operation; where such numbers are used is not recorded.
        output: what the pass returned, with nodes for tensors; ``None`` where a data class holds them.
    """

    graph: fx.Graph
    constants: Mapping[fx.Node, Tensor]
    reads: tuple[str, ...]
    branches: Mapping[fx.Node, str]
    numbers: Mapping[fx.Node, str]
    output: Any


def record(model: nn.Module, tensors: Mapping[str, Tensor], example: Example) -> Recording:
    """Run a network once and write down its ATen operations.

    Every value knows its shape and dtype (``meta["val"]``, a tensor without memory); composite
    operations such as ``aten.linear`` stay whole, as `torch.fx` graphs before autograd have them.

    On ``meta`` the graph is the one that the CPU would record: tensors that the pass makes are written down as the
    CPU's, and those that it brings along, which have values, go along.

    Args:
        model: a network in eval mode whose state the forward pass may change.
        tensors: its parameters and buffers by name: the graph's first inputs, in this order.
        example: ``(batch, …)`` input on the network's device, the graph's last input; or all arguments.

    Raises:
        StructureError: the forward pass gives out something in which tensors cannot be looked for.
    """
    inputs = example if isinstance(example, tuple) else (example,)
    recorder = _Recorder()
    for name, tensor in tensors.items():
        recorder.place(name.replace(".", "_"), tensor)
    for tensor in leaves(example):
        recorder.place("input", tensor)
    with watching(recorder, recorder.note):
        output = model(*inputs)
    outputs = tensors_of(output)
    recorder.graph.output(recorder.nodes_of(outputs))
    plain = len(leaves(output)) == len(outputs)
    return Recording(
        recorder.graph,
        recorder.constants,
        tuple(recorder.reads),
        recorder.branches,
        recorder.numbers,
        recorder.nodes_of(output) if plain else None,
    )


def leaves(values: Any) -> list[Tensor]:
    """Return the tensors in nested lists, tuples and dictionaries."""
    return [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]


class _Recorder(Watch):  # type: ignore[no-untyped-call]
    """Writes the operations down.

    Attributes:
        graph: what was recorded so far.
        constants: the values of its constants.
        reads: the operations that read values.
        branches: the values that it read the truth of.
        numbers: the values that numbers were read of.
    """

    def __init__(self) -> None:
        super().__init__()
        self.graph = fx.Graph()
        self.constants: dict[fx.Node, Tensor] = {}
        self.reads: dict[str, None] = {}
        self.branches: dict[fx.Node, str] = {}
        self.numbers: dict[fx.Node, str] = {}
        self._varying: set[StorageWeakRef] = set()

    def place(self, name: str, tensor: Tensor) -> None:
        """Make a tensor an input of the graph."""
        self._nodes[tensor] = node = self.graph.placeholder(name)
        node.meta["val"] = twin(tensor)
        self._vary(tensor)

    def note(self, operation: str, values: Any, *, is_branch: bool = False) -> None:
        """Note that an operation read values; a branch can take two ways, a number can go anywhere."""
        for tensor in filter(self._varies, tensors_in(values)):
            self.reads[operation] = None
            (self.branches if is_branch else self.numbers)[self._node(tensor)] = operation

    def see(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation and write it down."""
        varies = any(self._varies(tensor) for tensor in tensors_in((args, kwargs)))
        if reads_values(func):
            value = func(*args, **kwargs)
            self.note(str(func), (args, kwargs), is_branch=isinstance(value, bool))
            return value
        if torch.Tag.dynamic_output_shape in func.tags and (func is not _INDEX or _by_truth(args[1])):
            self.note(str(func), (args, kwargs))  # how many there are is a number too
        inputs, options = self.nodes_of((args, kwargs))
        result = run(func, args, kwargs)
        name = self.graph._target_to_str(func.overloadpacket.__name__)
        node = self.graph.create_node("call_function", func, inputs, options, name=name)
        self._assign(node, result)
        if varies or torch.Tag.nondeterministic_seeded in func.tags:
            # How many samples have a step follows from the lengths alone.
            self._vary(result[0] if func is _PACK and not self._varies(args[1]) else result)
            if func._schema.is_mutable:
                self._vary(written(func, args, kwargs))
        return result

    def _node(self, tensor: Tensor) -> fx.Node:
        if tensor in self._nodes:
            return cast(fx.Node, self._nodes[tensor])
        node = self.graph.create_node("get_attr", f"_tensor_constant{len(self.constants)}")
        self.constants[node] = tensor.detach().clone()  # the pass may write into it
        self._assign(node, tensor)
        return node

    def _assign(self, node: fx.Node, value: Any) -> None:
        node.meta["val"] = map_aggregate(value, lambda item: twin(item) if isinstance(item, Tensor) else item)
        if isinstance(value, Tensor):
            self._nodes[value] = node
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                if isinstance(item, Tensor):
                    self._assign(self.graph.call_function(operator.getitem, (node, index)), item)

    def _varies(self, tensor: Tensor) -> bool:
        """Whether a tensor's values depend on the input, the weights or chance."""
        return tensor.layout is not torch.strided or _memory(tensor) in self._varying

    def _vary(self, values: Any) -> None:
        self._varying.update(_memory(tensor) for tensor in tensors_in(values) if tensor.layout is torch.strided)


_INDEX = torch.ops.aten.index.Tensor
_PACK = torch.ops.aten._pack_padded_sequence.default


def _by_truth(indices: Any) -> bool:
    """Whether an index takes as many positions as there are true ones."""
    return any(tensor.dtype in (torch.bool, torch.uint8) for tensor in tensors_in(indices))


def _memory(tensor: Tensor) -> StorageWeakRef:
    """Return what a tensor and its views have in common, without keeping it alive."""
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]


def tensors_of(output: Any) -> list[Tensor]:
    """Return the tensors that a network gives out, in lists, dictionaries, named tuples or data classes."""
    tensors: list[Tensor] = []
    for leaf in pytree.tree_leaves(output):
        if isinstance(leaf, Tensor):
            tensors.append(leaf)
        elif is_dataclass(leaf):
            tensors += tensors_of([getattr(leaf, field.name) for field in fields(leaf)])
        elif leaf is not None and not isinstance(leaf, str | int | float):
            raise StructureError(
                f"The forward pass returns a {type(leaf).__name__}; return tensors, alone or in lists, tuples, "
                "dictionaries or data classes."
            )
    return tensors
