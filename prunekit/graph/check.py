"""Proves each group: one unit is cut, the result traced again, and every shape compared with the labels'.

A forward that raises is the kind failure. The dangerous one runs: code that remembers a number
(``view(b, n, self.heads, -1)``) regroups channels without complaint. Its shapes betray it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import getitem

from torch import nn

from prunekit.errors import StructureError
from prunekit.graph.calls import bind
from prunekit.graph.labels import Labels
from prunekit.graph.propagate import live_values
from prunekit.graph.record import Example
from prunekit.graph.rewrite import Rewriting, rewriting
from prunekit.graph.shrink import shrink_class
from prunekit.graph.structure import Structure
from prunekit.graph.trace import Trace, stand_in, trace
from prunekit.records import Group

Shapes = list[tuple[str, tuple[int, ...]]]


def find_ways(model: nn.Module, structure: Structure, traced: Trace, labels: Labels, example: Example) -> Structure:
    """Find out which groups the network's own class can lose, which only its graph, and which neither.

    All groups lose a unit together first: where that is right, as it nearly always is, one pass
    on ``meta`` proves them all. Otherwise each is tried alone, and so where the pass computes what nobody reads: that
    binds no channels, yet the class still adds them up, which is seen only while the others keep theirs.

    Returns:
        The structure, with the groups that failed protected and the reason in words.
    """
    candidates = [group for group in structure.prunable if group.units > 1]
    probe = model if traced.needs_values else stand_in(model)
    fails = partial(_failure, probe, structure, traced, labels, example=example)
    live = live_values(traced)
    together = all(
        node in live for node in traced.graph.nodes if node.op == "call_function" and node.target is not getitem
    )
    by_class = _failures(fails, together, shrink_class, [group for group in candidates if not group.graph_only])
    by_class |= {group.name: group.graph_only for group in candidates if group.graph_only}
    if not by_class:
        return structure
    given: Rewriting | None
    try:
        given = rewriting(probe, example, traced, labels)
    except StructureError as error:
        given, by_graph = None, dict.fromkeys(by_class, str(error))
    else:
        by_graph = _failures(fails, together, partial(_graph_way, given), candidates)
        # A graph is cut as a whole: it has to lose what the class can lose too.
        if others := [name for name in by_graph if name not in by_class]:
            by_graph = dict.fromkeys(by_class, f"it cannot lose {others[0]}: {by_graph[others[0]]}")
    groups = tuple(_fate(group, by_class.get(group.name), by_graph.get(group.name)) for group in structure.groups)
    protected = {layer: group.protected for group in groups for layer in group.layers if group.protected}
    layers = tuple(replace(layer, protected=layer.protected or protected.get(layer.name)) for layer in structure.layers)
    return replace(structure, groups=groups, layers=layers, rewriting=given)


Way = Callable[[nn.Module, Structure, Mapping[str, Sequence[int]]], nn.Module]


def _graph_way(
    given: Rewriting, model: nn.Module, structure: Structure, kept: Mapping[str, Sequence[int]]
) -> nn.Module:
    return given.network(shrink_class(model, structure, kept), structure.survivors(kept))


def _failures(
    fails: Callable[[Way, Sequence[Group]], str | None], together: bool, way: Way, groups: list[Group]
) -> dict[str, str]:
    """Return the groups that cannot go this way, with why."""
    if not groups or (together and fails(way, groups) is None):
        return {}
    return {group.name: reason for group in groups if (reason := fails(way, [group])) is not None}


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
    kept = {group.name: range(1, group.units) for group in groups}
    try:
        found = _shapes(trace(way(probe, structure, kept), example))
    except StructureError as error:
        return str(error.__cause__ or error).partition("\n")[0][:120]
    predicted = _expected(structure, traced, labels, kept)
    if len(found) != len(predicted):
        return "it runs other operations on other sizes"
    for (op, shape), (_, expected) in zip(found, predicted, strict=True):
        if shape != expected:
            return f"{op} makes {shape} where the cut channels need {expected}"
    return None


def _shapes(traced: Trace) -> Shapes:
    return [(call.op, call.shape) for node in traced.graph.nodes if (call := bind(node)) is not None]


def _expected(structure: Structure, traced: Trace, labels: Labels, kept: Mapping[str, Sequence[int]]) -> Shapes:
    """Predict the shape of every value of the smaller network from the labels alone."""
    survives = structure.survivors(kept)
    shapes: Shapes = []
    for node in traced.graph.nodes:
        if (call := bind(node)) is None:
            continue
        dims = labels.of.get(node)
        if not isinstance(dims, list) or len(dims) != len(call.shape):
            dims = list(map(str, call.shape))
        sizes = (
            size if isinstance(dim, str) else int(survives[dim].sum())
            for dim, size in zip(dims, call.shape, strict=True)
        )
        shapes.append((call.op, tuple(sizes)))
    return shapes
