"""Proves each group: one unit is cut, the result traced again, and every shape compared with the labels'.

A forward that raises is the kind failure. The dangerous one runs: code that remembers a number
(``view(b, n, self.heads, -1)``) regroups channels without complaint. Its shapes betray it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor, nn

from prunekit.errors import StructureError
from prunekit.graph.calls import bind
from prunekit.graph.labels import Labels
from prunekit.graph.shrink import shrink
from prunekit.graph.structure import Structure
from prunekit.graph.trace import Trace, stand_in, trace
from prunekit.records import Group

Shapes = list[tuple[str, tuple[int, ...]]]


def protect_failures(
    model: nn.Module, structure: Structure, traced: Trace, labels: Labels, example: Tensor
) -> Structure:
    """Protect the groups whose one-unit cut the network's own forward pass does not follow.

    All groups lose a unit together first: where that is right, as it nearly always is, one pass
    on ``meta`` proves them all. Otherwise each is tried alone.

    Returns:
        The structure, with the groups that failed protected and the reason in words.
    """
    candidates = [group for group in structure.prunable if group.units > 1]
    probe = stand_in(model)
    if not candidates or _failure(probe, structure, traced, labels, candidates, example) is None:
        return structure
    reasons = {group.name: _failure(probe, structure, traced, labels, [group], example) for group in candidates}
    groups = tuple(
        replace(group, protected=f"its own code fixes the size: {reasons[group.name]}")
        if reasons.get(group.name)
        else group
        for group in structure.groups
    )
    protected = {layer: group.protected for group in groups for layer in group.layers if group.protected}
    layers = tuple(replace(layer, protected=layer.protected or protected.get(layer.name)) for layer in structure.layers)
    return replace(structure, groups=groups, layers=layers)


def _failure(
    probe: nn.Module,
    structure: Structure,
    traced: Trace,
    labels: Labels,
    groups: Sequence[Group],
    example: Tensor,
) -> str | None:
    kept = {group.name: range(1, group.units) for group in groups}
    try:
        found = _shapes(trace(shrink(probe, structure, kept), example))
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
