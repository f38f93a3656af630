"""Turns coupled atoms into groups: units with the same members, named by their first producer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.graph.calls import bind
from prunekit.graph.cells import RECURRENT
from prunekit.graph.labels import Atoms, Labels, components
from prunekit.graph.layers import LayerCall, sources
from prunekit.graph.trace import Trace
from prunekit.records import Group, Member

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """Where every atom ended up.

    Attributes:
        groups: prunable and protected groups, in execution order.
        group_of: for each atom its group's index, or -1.
        unit_of: for each atom its unit within the group, or -1.
    """

    groups: tuple[Group, ...]
    group_of: Positions
    unit_of: Positions


def partition(
    trace: Trace, labels: Labels, tensors: Mapping[str, Sequence[Atoms]], layers: Sequence[LayerCall]
) -> Partition:
    """Collect the components of coupled atoms into groups.

    A group that cuts no layer's output is left out, since no bar could stand for it.
    """
    root = components(labels)
    reasons = _words(labels.frozen, root)
    members = [Member(name, dim) for name, dims in tensors.items() for dim in range(len(dims))]
    owner = np.concatenate([np.full(len(tensors[m.tensor][m.dim]), i) for i, m in enumerate(members)])
    roots = root[np.concatenate([tensors[m.tensor][m.dim] for m in members])] if members else root[:0]
    outputs = {members.index(Member(layer.weight, layer.output_dim)): layer for layer in layers}

    signatures = _signatures(roots, owner, outputs, reasons)
    order = {index: rank for rank, index in enumerate(outputs)}
    ordered = sorted(signatures.items(), key=lambda item: _first_position(item[0][0], item[1], order, tensors, members))

    group_of, unit_of = np.full(labels.count, -1), np.full(labels.count, -1)
    group_of_root, unit_of_root = group_of.copy(), unit_of.copy()
    groups: list[Group] = []
    taken: dict[str, int] = {}
    explain = _explanations(trace, labels, layers, root)
    statistics = _roots(labels.statistics, root)
    fixed = _words(labels.fixed, root)
    heads = _roots(labels.heads, root)
    for (signature, reason), touched in ordered:
        units = np.array(touched)
        cut = [members[index] for index, _ in signature]
        producers = [outputs[index] for index in order if index in dict(signature)]
        name = producers[0].name
        taken[name] = taken.get(name, 0) + 1
        group_of_root[units], unit_of_root[units] = len(groups), np.arange(len(units))
        names = tuple(layer.name for layer in producers)
        groups.append(
            Group(
                name=name if taken[name] == 1 else f"{name}#{taken[name]}",
                kind="head" if units[0] in heads else "channel",
                units=len(units),
                layers=names,
                consumers=tuple(layer.name for layer in layers if _consumes(layer, cut)),
                members=tuple(cut),
                protected=reason,
                linked=explain.get(int(units[0]), "") if len(names) > 1 else "",
                statistics=bool(set(units.tolist()) & statistics),
                graph_only="" if reason else next((fixed[unit] for unit in touched if unit in fixed), ""),
            )
        )
    return Partition(tuple(groups), group_of_root[root], unit_of_root[root])


def _words(remarks: Sequence[tuple[Atoms, str]], root: Atoms) -> dict[int, str]:
    """Return for each component the first reason that was given for one of its atoms."""
    reasons: dict[int, str] = {}
    for atoms, reason in remarks:
        for index in set(root[atoms].tolist()):
            reasons.setdefault(index, reason)
    return reasons


def _signatures(
    roots: Atoms, owner: Positions, outputs: Mapping[int, LayerCall], reasons: Mapping[int, str]
) -> dict[tuple[tuple[tuple[int, int], ...], str | None], list[int]]:
    """Bucket the components by the members they touch, how often, and why they are frozen."""
    # One number for each pair: numpy sorts those ten times as fast as rows.
    width = int(owner.max(initial=0)) + 1
    pairs, counts = np.unique(roots * width + owner, return_counts=True)
    components, touching = np.divmod(pairs, width)
    starts = np.flatnonzero(np.diff(components, prepend=-1))
    ends = np.append(starts[1:], len(pairs))
    makes = np.logical_or.reduceat(np.isin(touching, list(outputs)), starts) if len(starts) else starts
    buckets: dict[tuple[tuple[tuple[int, int], ...], str | None], list[int]] = {}
    touched, times, names = touching.tolist(), counts.tolist(), components.tolist()
    for start, end in zip(starts[makes].tolist(), ends[makes].tolist(), strict=True):
        index = names[start]
        signature = tuple(zip(touched[start:end], times[start:end], strict=True))
        buckets.setdefault((signature, reasons.get(index)), []).append(index)
    return buckets


def _first_position(
    signature: tuple[tuple[int, int], ...],
    units: Sequence[int],
    order: Mapping[int, int],
    tensors: Mapping[str, Sequence[Atoms]],
    members: Sequence[Member],
) -> tuple[int, int]:
    first = min(order[index] for index, _ in signature if index in order)
    return first, units[0]


def _consumes(layer: LayerCall, cut: Sequence[Member]) -> bool:
    return any(member.tensor == layer.weight and member.dim != layer.output_dim for member in cut)


def _roots(atoms: Sequence[Atoms], root: Atoms) -> set[int]:
    return set(root[np.concatenate(list(atoms))].tolist()) if atoms else set()


def _explanations(trace: Trace, labels: Labels, layers: Sequence[LayerCall], root: Atoms) -> dict[int, str]:
    """Say in one sentence for each component why its layers move together."""
    before = sources(trace, tuple(layers))
    owner = {node: layer.name for layer in layers for node in layer.nodes}
    explanations: dict[int, list[str]] = {}
    for atom, node in labels.links:
        call = bind(node)
        assert call is not None
        if call.op in RECURRENT:
            text = f"{owner.get(node, call.op)} has the same hidden units in all its gates, layers and directions"
        elif node in owner:
            feeding = _names(before, node.args[0])
            text = f"{owner[node]} filters each channel of {feeding} on its own"
        else:
            verb = {"add": "addition", "add_": "addition", "mul": "product", "mul_": "product", "cat": "joining"}
            parts = dict.fromkeys(name for value in node.all_input_nodes for name in before[value])
            text = f"tied by the {verb.get(call.op, call.op)} of {' and '.join(parts)}"
        sentences = explanations.setdefault(int(root[atom]), [])
        if text not in sentences:
            sentences.append(text)
    return {
        index: "; ".join(texts[:2]) + (f"; and {len(texts) - 2} more" if len(texts) > 2 else "")
        for index, texts in explanations.items()
    }


def _names(before: Mapping[Any, tuple[str, ...]], node: Any) -> str:
    return " and ".join(before.get(node, ())) or "the input"
