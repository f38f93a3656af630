"""The operations of a network as functions of values: nothing written in place, no batch size written down."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from prunekit.errors import StructureError
from prunekit.graph.calls import bind
from prunekit.graph.reads import varying_reads
from prunekit.graph.trace import Trace, trace

BATCHES = (3, 5)
"""Batch sizes of two traces; whatever number is 3 in one and 5 in the other counts samples."""


class NoPlanError(Exception):
    """The network's operations cannot be run one by one; another back end has to."""


class Rows(int):
    """A size that is this many times the number of samples."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One call that makes a value from other values.

    Attributes:
        node: the node of the trace, which also names the value.
        name: the operation's name without the underscore of its in-place twin.
        target: what is called.
        args: positional arguments; a node stands for its value, `Rows` for a multiple of the batch.
        kwargs: arguments by name.
        shape: the value's shape, with `Rows` where the batch is; ``None`` where it is no single tensor.
        inputs: the values and tensors it reads, each once.
    """

    node: fx.Node
    name: str
    target: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shape: tuple[int, ...] | None
    inputs: tuple[fx.Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Operations:
    """A forward pass in execution order.

    Attributes:
        trace: the trace they were read from.
        input: the value that holds the samples.
        output: the value that is the answer.
        calls: the operations.
        constants: values that are the same in every pass.
    """

    trace: Trace
    input: fx.Node
    output: fx.Node
    calls: tuple[Operation, ...]
    constants: Mapping[fx.Node, Tensor]


def operations(model: nn.Module, example: Tensor) -> Generator[None, None, Operations]:
    """Read the operations of one eval-mode forward pass.

    Args:
        model: the network; it is not changed.
        example: one or more samples ``(batch, …)``.

    Raises:
        NoPlanError: the network cannot be traced, or does what cannot be replayed call by call:
            draws random numbers, writes into a view that is read later, has several inputs or
            outputs, or runs other operations on another number of samples.

    Yields:
        ``None`` between its traces.
    """
    first = example[:1]
    traces: list[Trace] = []
    for n in BATCHES:
        try:
            traces.append(trace(model, first.expand(n, *first.shape[1:]).contiguous()))
        except StructureError as error:
            raise NoPlanError(str(error)) from error
        yield
    small, large = traces
    if reads := varying_reads(small):
        raise NoPlanError(f"it reads a value ({reads[0]}), so another input may take another way")
    pairs = list(zip(small.graph.nodes, large.graph.nodes, strict=False))
    if any(a.target != b.target for a, b in pairs if a.op == "call_function"):
        raise NoPlanError("it runs other operations on another number of samples")
    inputs = [node for node in small.graph.nodes if node.op == "placeholder" and node not in small.tensors]
    outputs = pytree.tree_leaves(next(node for node in small.graph.nodes if node.op == "output").args)
    if len(inputs) != 1 or len(outputs) != 1 or not isinstance(outputs[0], fx.Node):
        raise NoPlanError("it has several inputs or outputs")
    reader = _Reader(small)
    for a, b in pairs:
        if a.op == "call_function":
            reader.call(a, b)
        elif a.op == "get_attr":
            reader.constant(a)
    return Operations(small, inputs[0], reader.now(outputs[0]), tuple(reader.calls), reader.constants)


ALIASES = frozenset(
    "view reshape _unsafe_view flatten transpose permute slice select unsqueeze squeeze expand chunk split "
    "split_with_sizes unbind getitem unflatten t alias detach contiguous to swapaxes narrow diagonal numpy_T".split()
)
"""Operations whose value may share memory with their input."""
SAME = frozenset("dropout feature_dropout alpha_dropout alias detach lift_fresh_copy".split())
"""Operations that do nothing in eval mode."""


class _Reader:
    """Tracks which value a node stands for as in-place operations replace it."""

    def __init__(self, traced: Trace) -> None:
        self.trace = traced
        self.calls: list[Operation] = []
        self.constants: dict[fx.Node, Tensor] = {}
        self._now: dict[fx.Node, fx.Node] = {}
        self._memory: dict[fx.Node, fx.Node] = {}  # the value whose memory a view shares
        self._stale: set[fx.Node] = set()

    def now(self, node: fx.Node) -> fx.Node:
        """Return the value that a node stands for after what was written so far."""
        while node in self._now:
            node = self._now[node]
        if node in self._stale:
            raise NoPlanError(f"{node.name} shares its memory with a value that is written in place")
        return node

    def constant(self, node: fx.Node) -> None:
        value = self.trace.constants[node]
        if value.is_meta:
            raise NoPlanError(f"the value of the constant {node.target} is not known")
        self.constants[node] = value

    def call(self, node: fx.Node, twin: fx.Node) -> None:
        name = _name(node)
        self._refuse_chance(node, name)
        args, kwargs = self._arguments(node, twin)
        written = name.endswith("_") and not name.startswith("_")
        if written:
            name = name[:-1]
        if name in SAME:
            self._now[node] = args[0]
            return
        schema = getattr(node.target, "_schema", None)
        target = node.target
        if schema is not None and schema.is_mutable:
            packet = getattr(torch.ops.aten, name, None)
            if not written or packet is None or not hasattr(packet, target._overloadname):  # type: ignore[union-attr]
                raise NoPlanError(f"{node.target} writes in place")
            target = getattr(packet, target._overloadname)  # type: ignore[union-attr]
        leaves = pytree.tree_leaves((args, kwargs))
        inputs = tuple(dict.fromkeys(leaf for leaf in leaves if isinstance(leaf, fx.Node)))
        self.calls.append(Operation(node, name, target, args, kwargs, _shape(node, twin), inputs))
        if schema is not None and schema.is_mutable:
            self._write(args[0], node)
        elif name in ALIASES:
            source = args[0]
            self._memory[node] = self._memory.get(source, source)

    def _write(self, value: fx.Node, node: fx.Node) -> None:
        """Let later readers of a value read what was written; whatever shares its memory is out of date."""
        if value in self.trace.tensors:
            raise NoPlanError(f"the forward pass writes into {self.trace.tensors[value]}")
        memory = self._memory.get(value, value)
        self._stale.update(view for view, owner in self._memory.items() if owner is memory and view is not value)
        if memory is not value:
            self._stale.add(memory)
        self._now[value] = node

    def _arguments(self, node: fx.Node, twin: fx.Node) -> tuple[tuple[Any, ...], dict[str, Any]]:
        ours, tree = pytree.tree_flatten((node.args, node.kwargs))
        theirs, other = pytree.tree_flatten((twin.args, twin.kwargs))
        if tree != other:
            raise NoPlanError("it runs other operations on another number of samples")
        return pytree.tree_unflatten([self._leaf(a, b) for a, b in zip(ours, theirs, strict=True)], tree)  # type: ignore[no-any-return]

    def _leaf(self, ours: Any, theirs: Any) -> Any:
        if isinstance(ours, fx.Node):
            return self.now(ours)
        if isinstance(ours, torch.device):
            return torch.device("cpu")
        return ours if type(ours) is not int or ours == theirs else rows(ours, theirs)

    def _refuse_chance(self, node: fx.Node, name: str) -> None:
        call = bind(node)
        assert call is not None
        if name == "scaled_dot_product_attention":
            quiet = not call.args.get("dropout_p")
        else:
            quiet = name.rstrip("_") in SAME and not call.args.get("train")
        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()) and not quiet:
            raise NoPlanError(f"{name} draws random numbers")
        if name == "batch_norm" and node.args[5] is True:
            raise NoPlanError("BatchNorm takes its statistics from the batch")


def rows(ours: int, theirs: int) -> int:
    """Read a size from two traces.

    Raises:
        NoPlanError: it depends on the batch, but is no multiple of it.
    """
    if ours == theirs:
        return ours
    if ours * BATCHES[1] != theirs * BATCHES[0]:
        raise NoPlanError("a size depends on the number of samples, but is no multiple of it")
    return Rows(ours // BATCHES[0])


def sized(sizes: Sequence[Any], n: int) -> list[Any]:
    """Return sizes for ``n`` samples."""
    return [int(size) * n if isinstance(size, Rows) else size for size in sizes]


def _shape(node: fx.Node, twin: fx.Node) -> tuple[int, ...] | None:
    ours, theirs = node.meta.get("val"), twin.meta.get("val")
    if not isinstance(ours, Tensor) or not isinstance(theirs, Tensor):
        return None
    return tuple(rows(a, b) for a, b in zip(ours.shape, theirs.shape, strict=True))


def _name(node: fx.Node) -> str:
    packet = getattr(node.target, "_overloadpacket", None)
    return str(getattr(packet or node.target, "__name__", node.target))
