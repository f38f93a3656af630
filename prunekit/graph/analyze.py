"""From a trace to a structure: labels, groups, formulas and the proof that each group can go."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from prunekit.errors import StructureError, listed
from prunekit.graph.blocks import find_blocks
from prunekit.graph.calls import bind, draws
from prunekit.graph.check import find_ways
from prunekit.graph.formula import formula
from prunekit.graph.groups import Partition, partition
from prunekit.graph.labels import Atoms, Labels
from prunekit.graph.layers import LayerCall, find_layers, links
from prunekit.graph.propagate import propagate
from prunekit.graph.reads import varying_reads
from prunekit.graph.record import Example
from prunekit.graph.rewrite import frozen_statistics
from prunekit.graph.routes import protect_other_routes
from prunekit.graph.structure import Structure
from prunekit.graph.trace import Trace, trace
from prunekit.records import Group, Layer


def structure_of(model: nn.Module, example: Example) -> Structure:
    """Analyse a network.

    Args:
        model: the network; it is not changed.
        example: ``(batch, …)`` input with a batch of at least 2; a tuple holds all arguments.

    Returns:
        Its layers, groups, counts and what is protected.

    Raises:
        StructureError: the network cannot be traced.

    Example:
        >>> import torch
        >>> net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        >>> structure = structure_of(net, torch.zeros(2, 4))
        >>> [(group.name, group.units, group.protected) for group in structure.groups]
        [('0', 6, None), ('2', 2, 'network output')]
        >>> structure.cost({"0": 3})
        Cost(params=23, macs=18, bytes=92)
    """
    return analysis(model, example)[0]


def analysis(model: nn.Module, example: Example) -> tuple[Structure, Trace, Labels]:
    """Analyse a network, and return what the structure was read from too."""
    traced = trace(model, example)
    structure, labels = analysis_of(model, traced, example)
    return structure, traced, labels


def analysis_of(model: nn.Module, traced: Trace, example: Example) -> tuple[Structure, Labels]:
    """Analyse a network that was recorded already, and return the labels of its values too."""
    if not traced.tensors:
        raise StructureError("The network has no parameters, so there is nothing to cut.")
    labels, tensors = propagate(traced)
    protect_other_routes(traced, labels)
    structure = find_ways(model, analyze(traced, labels, tensors), traced, labels, example)
    if structure.rewriting and (names := frozen_statistics(structure.rewriting, model)):
        structure = replace(structure, notes=(*structure.notes, _frozen(names)))
    return structure, labels


def _frozen(names: Sequence[str]) -> str:
    return (
        f"Where a cut goes by the graph, training leaves {listed(names)} and their like as they are: no module of "
        "torch's own reads them, so that nobody sees what the code does with them in training."
    )


def analyze(traced: Trace, labels: Labels, tensors: Mapping[str, Sequence[Atoms]]) -> Structure:
    """Collect the groups and counts of a labelled trace; the one-unit check comes after."""
    calls = find_layers(traced)
    parts = partition(traced, labels, tensors, calls)
    counts = formula(traced, labels, tensors, calls, parts)
    structure = Structure(
        layers=(),
        groups=parts.groups,
        blocks=find_blocks(traced, calls),
        links=links(traced, calls),
        unknown_ops=tuple(labels.unknown),
        formula=counts,
        atoms={name: tuple(dims) for name, dims in tensors.items()},
        group_of=parts.group_of,
        unit_of=parts.unit_of,
        notes=_notes(traced),
        norms=tuple(_norms(traced)),
    )
    costs = counts.layer_costs({}, len(calls))
    layers = [_layer(traced, parts, structure, call, cost) for call, cost in zip(calls, costs, strict=True)]
    return replace(structure, layers=tuple(layers))


def _norms(traced: Trace) -> Iterator[tuple[str, str]]:
    """Find running statistics by the calls that read them: not every batch normalisation is a module."""
    for call in filter(None, map(bind, traced.graph.nodes)):
        mean, variance = (traced.tensors.get(call.args.get(name)) for name in ("running_mean", "running_var"))  # type: ignore[arg-type]
        if call.op == "batch_norm" and mean and variance and not call.args["training"]:
            yield mean, variance


def _notes(traced: Trace) -> tuple[str, ...]:
    drawn = dict.fromkeys(str(node.target) for node in traced.graph.nodes if draws(node))
    return (*map(_read, varying_reads(traced)), *map(_drawn, drawn))


def _drawn(operation: str) -> str:
    return (
        f"The forward pass draws random numbers ({operation}) in eval mode too: it answers differently each time, so "
        "that nothing cut or exported can be shown to be equal."
    )


def _read(operation: str) -> str:
    return (
        f"The forward pass reads a value ({operation}): it was analysed on the way that the example input takes, and "
        "another input may take another way, which a cut network may not have."
    )


def _layer(traced: Trace, parts: Partition, structure: Structure, call: LayerCall, cost: tuple[int, int]) -> Layer:
    group = _group_of_layer(parts, structure, call)
    return Layer(
        name=call.name,
        op=call.op,
        weight=call.weight,
        shape=traced.shapes[call.weight],
        params=cost[0],
        macs=cost[1],
        group=group.name,
        protected=group.protected,
    )


def _group_of_layer(parts: Partition, structure: Structure, call: LayerCall) -> Group:
    """Return the group of most of a layer's output channels."""
    indices = parts.group_of[structure.atoms[call.weight][call.output_dim]]
    return parts.groups[int(np.bincount(indices).argmax())]
