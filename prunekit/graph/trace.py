"""A network as an ATen graph whose inputs are its weights: what every analysis reads."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from prunekit.errors import StructureError
from prunekit.graph.record import Example, Recording, leaves, record
from prunekit.tasks.folding import results_of

HEAVY = 64 * 2**20
"""Bytes of parameters and buffers from which a forward pass is recorded on ``meta``."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One forward pass written down.

    Attributes:
        graph: the ATen operations, in execution order; every value knows its shape.
        constants: the value of each constant, a tensor that is none of the inputs.
        tensors: for each placeholder that is a parameter or buffer, its name.
        shapes: the shape of each parameter and buffer.
        parameters: the names that are parameters.
        persistent: the buffers that a state dict holds.
        itemsize: bytes per entry of each tensor.
        types: class name of each module, by path.
        batch: batch size of the traced example.
        reads: the operations by which the pass read values: another input may take another way.
        branches: the values that it read the truth of, with the operation.
        numbers: the values that it read numbers of, with the operation.
        replaced: the buffers in whose place the pass puts others.
        output: what the pass returned, with nodes for tensors; ``None`` where a data class holds them.
        needs_values: whether the pass cannot run on ``meta``, where it was tried.
    """

    graph: fx.Graph
    constants: Mapping[fx.Node, Tensor]
    tensors: Mapping[fx.Node, str]
    shapes: Mapping[str, tuple[int, ...]]
    parameters: frozenset[str]
    persistent: frozenset[str]
    itemsize: Mapping[str, int]
    types: Mapping[str, str]
    batch: int
    reads: tuple[str, ...] = ()
    branches: Mapping[fx.Node, str] = field(default_factory=dict)
    numbers: Mapping[fx.Node, str] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()
    output: Any = None
    needs_values: bool = False


def trace(model: nn.Module, example: Example) -> Trace:
    """Record the operations of one eval-mode forward pass.

    A copy of the network runs; a large one on the ``meta`` device, which costs no arithmetic, unless
    its forward pass needs values.

    Args:
        model: the network; it is not changed.
        example: ``(batch, …)`` input with a batch of at least 2, so that no channel dimension
            is mistaken for the batch; a tuple holds all arguments, in which tensors may be nested.

    Returns:
        The graph with its tensors named.

    Raises:
        StructureError: the forward pass raises, or cannot be recorded.
    """
    with torch.random.fork_rng(devices=[]):
        recording, replaced, needs_values = _record(model, example)
    tensors, state = dict(named_tensors(model)), model.state_dict()
    placeholders = [node for node in recording.graph.nodes if node.op == "placeholder"]
    return Trace(
        graph=recording.graph,
        constants=recording.constants,
        tensors=dict(zip(placeholders, tensors, strict=False)),
        shapes={name: tuple(tensor.shape) for name, tensor in tensors.items()},
        parameters=frozenset(name for name, _ in model.named_parameters()),
        persistent=frozenset(name for name, _ in model.named_buffers() if name in state),
        itemsize={name: tensor.element_size() for name, tensor in tensors.items()},
        types={path: type(module).__name__ for path, module in model.named_modules()},
        batch=next((tensor.shape[0] for tensor in leaves(example) if tensor.ndim), 1),
        reads=recording.reads,
        branches=recording.branches,
        numbers=recording.numbers,
        replaced=replaced,
        output=recording.output,
        needs_values=needs_values,
    )


def _record(model: nn.Module, example: Example) -> tuple[Recording, frozenset[str], bool]:
    """Record a pass, name the buffers that it replaces, and say whether the first way to run it failed."""
    is_meta = any(tensor.is_meta for tensor in leaves(example))
    first = on_meta(model) if is_meta else stand_in(model)
    for network in (first,) if first is model or is_meta else (first, model):
        try:
            copied = copy.deepcopy(network, results_of(network)).eval()
            tensors = dict(named_tensors(copied))
            recording = record(copied, tensors, beside(tensors, example))
            replaced = frozenset(name for name, buffer in copied.named_buffers() if tensors.get(name) is not buffer)
            return recording, replaced, network is not first
        except Exception as error:
            reason = error
    sentence = str(reason).partition("\n")[0] or "no message"
    shapes = " and ".join(str(tuple(tensor.shape)) for tensor in leaves(example))
    raise StructureError(
        f"The network cannot be traced with an input of shape {shapes}: "
        f"{type(reason).__name__}: {sentence.rstrip('.')}."
    ) from reason


def named_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield each parameter and buffer once, under its first name."""
    yield from model.named_parameters()
    yield from model.named_buffers()


def stand_in(model: nn.Module) -> nn.Module:
    """Return what a forward pass is cheapest to record of: the model itself, or a copy of a large one on ``meta``.

    Both make the same graph. Passes on ``meta`` cost no arithmetic, but PyTorch loads a computer algebra system for
    them.
    """
    return on_meta(model) if sum(tensor.nbytes for _, tensor in named_tensors(model)) > HEAVY else model


def on_meta(model: nn.Module) -> nn.Module:
    """Copy a model with every tensor on the ``meta`` device, without copying its weights."""
    memo = results_of(model)
    for _, tensor in named_tensors(model):
        empty = torch.empty_like(tensor, device="meta")
        memo[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
    return copy.deepcopy(model, memo)


def beside(tensors: Mapping[str, Tensor], example: Example) -> Example:
    """Move an example to the device of a network's tensors."""
    device = next((tensor.device for tensor in tensors.values()), None)
    if device is None:
        return example
    moved: Example = pytree.tree_map_only(Tensor, lambda tensor: tensor.to(device), example)
    return moved
