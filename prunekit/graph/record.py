"""Writes down the operations of a forward pass while it runs.

``make_fx(pre_dispatch=True)`` makes the same graph, but imports a compiler for it, which takes seconds
in every process. This recorder is a dispatch mode of the same kind without the compiler.
"""

import contextlib
import operator
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch._dispatch.python import enable_python_dispatcher
from torch.fx.experimental.proxy_tensor import ProxyTorchDispatchMode
from torch.fx.node import map_aggregate
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from prunekit.errors import StructureError
from prunekit.graph.readers import CPU, META, Readers

Example = Tensor | tuple[Any, ...]
"""What a network is called with: one tensor, or all its arguments, in which tensors may be nested."""

_ALONE = threading.Lock()
"""PyTorch keeps the modes that stand before autograd in one place for all threads."""


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
    with _ALONE, torch.no_grad(), _whole_attention(), enable_python_dispatcher(), recorder, Readers(recorder.note):
        output = model(*inputs)
    outputs = _tensors_of(output)
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


class _Recorder(ProxyTorchDispatchMode):
    """Sees each operation before autograd does; only a subclass of this mode may stand there.

    Attributes:
        graph: what was recorded so far.
        constants: the values of its constants.
        reads: the operations that read values.
        branches: the values that it read the truth of.
        numbers: the values that numbers were read of.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # skipping it would import it

    def __init__(self) -> None:
        # The parent's own constructor imports the compiler.
        TorchDispatchMode.__init__(self, torch._C.DispatchKey.PreDispatch)  # type: ignore[no-untyped-call]
        self._mode_key = torch._C._TorchDispatchModeKey.PROXY
        self.enter_stack = []
        self.graph = fx.Graph()
        self.constants: dict[fx.Node, Tensor] = {}
        self.reads: dict[str, None] = {}
        self.branches: dict[fx.Node, str] = {}
        self.numbers: dict[fx.Node, str] = {}
        self._nodes = WeakTensorKeyDictionary()  # by identity, while the tensor lives: activations are let go
        self._varying: set[StorageWeakRef] = set()

    def place(self, name: str, tensor: Tensor) -> None:
        """Make a tensor an input of the graph."""
        self._nodes[tensor] = node = self.graph.placeholder(name)
        node.meta["val"] = _twin(tensor)
        self._vary(tensor)

    def note(self, operation: str, values: Any, *, is_branch: bool = False) -> None:
        """Note that an operation read values; a branch can take two ways, a number can go anywhere."""
        for tensor in filter(self._varies, _tensors(values)):
            self.reads[operation] = None
            (self.branches if is_branch else self.numbers)[self._node(tensor)] = operation

    def nodes_of(self, values: Any) -> Any:
        """Replace the tensors in nested values by their nodes, and the device without values by the one with them."""
        return map_aggregate(values, self._written_down)

    def _written_down(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._node(value)
        return CPU if value == META else value

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.ops.prim.device.default:
            return func(*args, **kwargs)
        if func is torch.ops.aten.lift_fresh.default:
            func = torch.ops.aten.lift_fresh_copy.default  # a literal of the forward pass, made anew in each pass
        varies = any(self._varies(tensor) for tensor in _tensors((args, kwargs)))
        if torch.Tag.data_dependent_output in func.tags or func is torch.ops.aten.is_nonzero.default:
            value = func(*args, **kwargs)
            self.note(str(func), (args, kwargs), is_branch=isinstance(value, bool))
            return value
        if torch.Tag.dynamic_output_shape in func.tags and (func is not _INDEX or _by_truth(args[1])):
            self.note(str(func), (args, kwargs))  # how many there are is a number too
        inputs, options = self.nodes_of((args, kwargs))
        result = _run(func, args, kwargs)
        name = self.graph._target_to_str(func.overloadpacket.__name__)
        node = self.graph.create_node("call_function", func, inputs, options, name=name)
        self._assign(node, result)
        if varies or torch.Tag.nondeterministic_seeded in func.tags:
            # How many samples have a step follows from the lengths alone.
            self._vary(result[0] if func is _PACK and not self._varies(args[1]) else result)
            if func._schema.is_mutable:
                self._vary(_written(func, args, kwargs))
        return result

    def _node(self, tensor: Tensor) -> fx.Node:
        if tensor in self._nodes:
            return cast(fx.Node, self._nodes[tensor])
        node = self.graph.create_node("get_attr", f"_tensor_constant{len(self.constants)}")
        self.constants[node] = tensor.detach().clone()  # the pass may write into it
        self._assign(node, tensor)
        return node

    def _assign(self, node: fx.Node, value: Any) -> None:
        node.meta["val"] = map_aggregate(value, lambda item: _twin(item) if isinstance(item, Tensor) else item)
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
        self._varying.update(_memory(tensor) for tensor in _tensors(values) if tensor.layout is torch.strided)


_INDEX = torch.ops.aten.index.Tensor
_PACK = torch.ops.aten._pack_padded_sequence.default


def _run(func: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation; where one of its tensors is on ``meta``, the others go there too."""
    given = _tensors((args, kwargs))
    if not any(tensor.is_meta for tensor in given):
        return func(*args, **kwargs)
    if not all(tensor.is_meta for tensor in given):
        args, kwargs = _replaced((args, kwargs), lambda tensor: tensor if tensor.is_meta else _twin(tensor))
    try:
        return func(*args, **kwargs)
    except Exception:
        # What is wrong is said in other words on meta; where values are there, an operation says it before it reads.
        args, kwargs = _replaced((args, kwargs), lambda tensor: torch.zeros_like(tensor, device=CPU))
        func(*args, **kwargs)
        raise


def _replaced(values: Any, change: Callable[[Tensor], Any]) -> Any:
    return map_aggregate(values, lambda value: change(value) if isinstance(value, Tensor) else value)


def _by_truth(indices: Any) -> bool:
    """Whether an index takes as many positions as there are true ones."""
    return any(tensor.dtype in (torch.bool, torch.uint8) for tensor in _tensors(indices))


def _tensors(values: Any) -> list[Tensor]:
    """Return the tensors in nested values."""
    tensors: list[Tensor] = []
    map_aggregate(values, lambda value: tensors.append(value) if isinstance(value, Tensor) else None)
    return tensors


def _memory(tensor: Tensor) -> StorageWeakRef:
    """Return what a tensor and its views have in common, without keeping it alive."""
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]


def _written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return the tensors that an operation writes into."""
    arguments = {**dict(zip((argument.name for argument in func._schema.arguments), args, strict=False)), **kwargs}
    return [arguments.get(a.name) for a in func._schema.arguments if a.alias_info and a.alias_info.is_write]


def _twin(tensor: Tensor) -> Tensor | None:
    """Return a tensor of the same shape, strides and dtype that holds no memory."""
    if tensor.layout is not torch.strided or tensor.is_nested:
        return None
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def _tensors_of(output: Any) -> list[Tensor]:
    """Return the tensors that a network gives out, in lists, dictionaries, named tuples or data classes."""
    tensors: list[Tensor] = []
    for leaf in pytree.tree_leaves(output):
        if isinstance(leaf, Tensor):
            tensors.append(leaf)
        elif is_dataclass(leaf):
            tensors += _tensors_of([getattr(leaf, field.name) for field in fields(leaf)])
        elif leaf is not None and not isinstance(leaf, str | int | float):
            raise StructureError(
                f"The forward pass returns a {type(leaf).__name__}; return tensors, alone or in lists, tuples, "
                "dictionaries or data classes."
            )
    return tensors


@contextlib.contextmanager
def _whole_attention() -> Iterator[None]:
    """Keep ``nn.MultiheadAttention`` and the Transformer layers from running as one opaque kernel."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
