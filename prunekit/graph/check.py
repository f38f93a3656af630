"""Proves each group: its units are cut, the result is recorded again and compared with the dense record, sliced.

A forward that raises is the kind failure. The dangerous one runs: code that remembers a number
(``view(b, n, self.heads, -1)``) regroups channels without complaint, and code that reads one (``x.shape[-1] ** 0.5``)
computes something else. Its record betrays it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from torch import fx, nn

from prunekit.errors import StructureError
from prunekit.graph.labels import Labels
from prunekit.graph.propagate import live_values
from prunekit.graph.record import Example
from prunekit.graph.rewrite import Rewriting, rewriting
from prunekit.graph.shrink import shrink_class
from prunekit.graph.sliced import difference
from prunekit.graph.structure import Structure
from prunekit.graph.trace import Trace, stand_in, trace
from prunekit.records import Group


def find_ways(model: nn.Module, structure: Structure, traced: Trace, labels: Labels, example: Example) -> Structure:
    """Find out which groups can be cut in the network's own class, which only in its graph, and which in neither.

    All groups lose units together first: where that is right, as it nearly always is, a few passes prove them all.
    Otherwise halves of them are tried, and halves of halves. Each is tried alone where several meet in what the pass
    computes and nobody reads: that may bind no channels, yet the class still adds them up, which is seen only while the
    others keep theirs.

    Returns:
        The structure, with the groups that failed protected and the reason in words.
    """
    candidates = [group for group in structure.prunable if group.units > 1]
    probe = model if traced.needs_values else stand_in(model)
    fails = partial(_failure, probe, structure, traced, labels, example=example)
    live = live_values(traced)
    together = all(
        node in live or not _meet(structure, labels, node) for node in traced.graph.nodes if node.op == "call_function"
    )
    by_class = _failures(fails, together, shrink_class, [group for group in candidates if not group.graph_only])
    by_class |= {group.name: group.graph_only for group in candidates if group.graph_only}
    if not by_class:
        return structure
    rewrite: Rewriting | None
    try:
        rewrite = rewriting(probe, example, traced, labels)
    except StructureError as error:
        rewrite, by_graph = None, dict.fromkeys(by_class, str(error))
    else:
        by_graph = _failures(fails, together, partial(_graph_way, rewrite), candidates)
        # A graph is cut as a whole: it has to lose what the class can lose too.
        if others := [name for name in by_graph if name not in by_class]:
            by_graph = dict.fromkeys(by_class, f"it cannot lose {others[0]}: {by_graph[others[0]]}")
    groups = tuple(_fate(group, by_class.get(group.name), by_graph.get(group.name)) for group in structure.groups)
    protected = {layer: group.protected for group in groups for layer in group.layers if group.protected}
    layers = tuple(replace(layer, protected=layer.protected or protected.get(layer.name)) for layer in structure.layers)
    return replace(structure, groups=groups, layers=layers, rewriting=rewrite)


def _meet(structure: Structure, labels: Labels, node: fx.Node) -> bool:
    """Whether an operation reads the channels of several groups that can be cut."""
    read = (labels.of.get(value) or () for value in node.all_input_nodes)
    atoms = [dim for value in read for dim in value if isinstance(dim, np.ndarray)]
    met = {*structure.group_of[np.concatenate(atoms)].tolist()} - {-1} if atoms else set()
    return sum(structure.groups[index].protected is None for index in met) > 1


Way = Callable[[nn.Module, Structure, Mapping[str, Sequence[int]]], nn.Module]
Fails = Callable[[Way, Sequence[Group]], str | None]

TRIALS: tuple[Callable[[int], range], ...] = (
    lambda units: range(1, units),
    lambda units: range(0, units, 2),
    lambda units: range(1),
)
"""Which units of a group stay in a trial: all but the first, every other, only the first."""


def _graph_way(
    rewrite: Rewriting, model: nn.Module, structure: Structure, kept: Mapping[str, Sequence[int]]
) -> nn.Module:
    return rewrite.network(shrink_class(model, structure, kept), structure.survivors(kept))


def _failures(fails: Fails, together: bool, way: Way, groups: Sequence[Group]) -> dict[str, str]:
    """Return the groups that cannot go this way, with why: halves of halves, until those that fail stand alone."""
    if not groups:
        return {}
    if not together:
        return {group.name: reason for group in groups if (reason := fails(way, [group])) is not None}
    reason = fails(way, groups)
    if reason is None:
        return {}
    if len(groups) == 1:
        return {groups[0].name: reason}
    middle = len(groups) // 2
    failures = {
        name: why
        for half in (groups[:middle], groups[middle:])
        for name, why in _failures(fails, True, way, half).items()
    }
    # Each half can go, both together cannot: with the second half's groups whole, nothing fails.
    return failures or dict.fromkeys((group.name for group in groups[middle:]), reason)


def _fate(group: Group, by_class: str | None, by_graph: str | None) -> Group:
    if by_class is None:
        return group
    if by_graph is None:
        return replace(group, graph_only=by_class)
    reason = f"its own code fixes the size: {by_class}; nor can its graph be cut: {by_graph}"
    return replace(group, protected=reason, graph_only="")


def _failure(
    probe: nn.Module,
    structure: Structure,
    traced: Trace,
    labels: Labels,
    way: Way,
    groups: Sequence[Group],
    *,
    example: Example,
) -> str | None:
    """Cut the groups in every trial and say what the first record that is not the dense one, sliced, has instead."""
    for stays in TRIALS:
        kept = {group.name: stays(group.units) for group in groups}
        try:
            smaller = trace(way(probe, structure, kept), example)
        except StructureError as error:
            return str(error.__cause__ or error).partition("\n")[0][:120]
        if changed := difference(traced, labels, structure.survivors(kept), smaller):
            return changed
    return None
