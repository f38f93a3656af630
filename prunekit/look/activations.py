"""How many of the values that layers pass on are zero.

Source: Hu et al., Network Trimming: A Data-Driven Neuron Pruning Approach, 2016 (arXiv:1607.03250).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from prunekit.graph.structure import Structure
from prunekit.program.forward import run
from prunekit.records import Activation
from prunekit.tasks.task import Split

BATCH = 50
"""Samples from one record to the next."""
CHANNEL_DIM = {"conv1d": 1, "conv2d": 1, "conv3d": 1, "linear": -1}
"""The dimension of an operation's input that holds its channels."""


@dataclass(slots=True)
class _Count:
    """Counts over one layer's inputs."""

    zeros: int = 0
    entries: int = 0
    alive: Tensor | None = None

    def add(self, values: Tensor, channel_dim: int) -> None:
        nonzero = values != 0
        self.zeros += values.numel() - int(nonzero.sum())
        self.entries += values.numel()
        seen = nonzero.movedim(channel_dim, 0).flatten(1).any(1)
        self.alive = seen if self.alive is None else self.alive | seen


def activations(model: nn.Module, structure: Structure, split: Split) -> Iterator[tuple[Activation, ...]]:
    """Count the zeros of every layer's output where the next layer reads it.

    There, the activation function between the two has been applied, however it is written.

    Args:
        model: the network, dense or pruned; between two records, and afterwards, it is as before.
        structure: the analysis of the dense network.
        split: samples.

    Yields:
        After every batch, an entry for each layer whose output a convolution or linear module
        reads, in execution order; ``n`` says how many samples were seen.

    Raises:
        TaskError: the network does not return logits.
    """
    dims = {layer.name: CHANNEL_DIM[layer.op] for layer in structure.layers if layer.op in CHANNEL_DIM}
    counts: dict[str, _Count] = {}
    for start in range(0, len(split), BATCH):
        inputs = split.inputs[start : start + BATCH]
        with _counting(model, dims, counts):
            run(model, inputs)
        yield _records(structure, counts, start + len(inputs))


def _records(structure: Structure, counts: Mapping[str, _Count], n: int) -> tuple[Activation, ...]:
    records = []
    for layer in structure.layers:
        reader = _reader(structure, layer.name, counts)
        if reader:
            count = counts[reader]
            assert count.alive is not None
            channels, alive = len(count.alive), int(count.alive.sum())
            records.append(Activation(layer.name, reader, count.zeros / count.entries, channels, channels - alive, n))
    return tuple(records)


def _reader(structure: Structure, layer: str, counts: Mapping[str, _Count]) -> str | None:
    """Return the first layer in execution order that reads this one's output and was seen to."""
    readers = {after for before, after in structure.links if before == layer and after != layer}
    return next((other.name for other in structure.layers if other.name in readers and other.name in counts), None)


@contextmanager
def _counting(model: nn.Module, dims: Mapping[str, int], counts: dict[str, _Count]) -> Iterator[None]:
    """Count the inputs of modules during a block; the hooks go also when the block raises."""
    handles = []

    def hook_of(name: str) -> Any:
        def hook(_: nn.Module, inputs: Sequence[Any]) -> None:
            if inputs and isinstance(inputs[0], Tensor):
                counts.setdefault(name, _Count()).add(inputs[0], dims[name])

        return hook

    try:
        for name, module in model.named_modules():
            if name in dims:
                handles.append(module.register_forward_pre_hook(hook_of(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()
