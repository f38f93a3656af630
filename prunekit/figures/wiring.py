"""How a network's layers are laid out and joined in a drawing: lanes, edges and brackets as plain coordinates."""

from collections.abc import Collection, Mapping, Sequence
from itertools import count

from prunekit.records import Group, Layer

Edge = tuple[str, str]
Place = tuple[int, int]
"""``(x, y)``: the place in the execution order, and the lane as a negative number."""
Line = list[tuple[float, float]]


def ancestors(layers: Sequence[Layer], links: Sequence[Edge]) -> dict[str, set[str]]:
    """Return for each layer all layers in front of it whose output reaches it.

    Args:
        layers: in execution order.
        links: edges from layer to layer.
    """
    inputs = _inputs(links)
    reaching: dict[str, set[str]] = {}
    for layer in layers:
        # A layer that runs a second time also reads layers that come after it; those are left out.
        direct = [name for name in inputs.get(layer.name, ()) if name in reaching]
        reaching[layer.name] = set(direct).union(*(reaching[name] for name in direct))
    return reaching


def lanes(layers: Sequence[Layer], links: Sequence[Edge]) -> dict[str, int]:
    """Put each layer on the first lane whose last layer leads to it, so that neighbours on a lane run in sequence."""
    before = ancestors(layers, links)
    ends: list[str] = []
    lane_of: dict[str, int] = {}
    for layer in layers:
        lane = next((i for i, end in enumerate(ends) if end in before[layer.name]), len(ends))
        ends[lane : lane + 1] = [layer.name]
        lane_of[layer.name] = lane
    return lane_of


def edges(
    layers: Sequence[Layer], links: Sequence[Edge], lane: Mapping[str, int]
) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    """Divide links into the edges worth drawing: which layer feeds which, and which joins the output of which.

    A layer behind many shortcuts reads the sum of all branches before it. Of those of one group, each
    joins the next one it runs through, or else the one on the main lane; only the last feeds the
    reader: a chain of short edges in place of long ones.

    Args:
        layers: in execution order.
        links: edges from layer to layer.
        lane: the lane of each layer.

    Returns:
        Edges that feed, and edges that join.
    """
    place = {layer.name: index for index, layer in enumerate(layers)}
    group = {layer.name: layer.group for layer in layers}
    before, inputs = ancestors(layers, links), _inputs(links)
    feeds: list[Edge] = []
    joins: dict[Edge, None] = {}
    for reader in sorted(inputs, key=place.__getitem__):
        for own in dict.fromkeys(group[name] for name in inputs[reader]):
            alike = sorted((name for name in inputs[reader] if group[name] == own), key=place.__getitem__)
            passed = set[str]().union(*(before[name] for name in alike))
            main = min((name for name in alike if name not in passed), key=lambda name: (lane[name], place[name]))
            feeds.append((main, reader))
            for name in alike:
                if name != main and not any((name, other) in joins for other in alike):
                    joins[name, next((other for other in alike if name in before[other]), main)] = None
    return tuple(feeds), tuple(joins)


def levels(groups: Sequence[Group], place: Mapping[str, int]) -> dict[str, int]:
    """Stack the brackets of groups with several layers: short ones low, no two on one level where they overlap."""
    spans = {group.name: (place[group.layers[0]], place[group.layers[-1]]) for group in groups if len(group.layers) > 1}
    occupied: dict[int, list[tuple[int, int]]] = {}
    level_of: dict[str, int] = {}
    for name, (start, end) in sorted(spans.items(), key=lambda item: item[1][1] - item[1][0]):
        free = (n for n in count() if all(end < low or high < start for low, high in occupied.get(n, ())))
        level_of[name] = next(free)
        occupied.setdefault(level_of[name], []).append((start, end))
    return level_of


def arc(start: Place, end: Place, occupied: Collection[Place]) -> Line:
    """Return a straight line, or an arc below where layers of the same lane stand between."""
    between = range(min(start[0], end[0]) + 1, max(start[0], end[0]))
    if start[1] != end[1] or not any((x, start[1]) in occupied for x in between):
        return [start, end]
    depth = min(0.75, 0.2 + 0.25 * len(between) ** 0.5)
    steps = [i / 12 for i in range(13)]
    return [(start[0] + (end[0] - start[0]) * t, start[1] - depth * 4 * t * (1 - t)) for t in steps]


def bracket(places: Sequence[Place], height: float) -> Line:
    """Return a bar at a height, with a drop to every place."""
    return [corner for x, y in places for corner in ((x, height), (x, y), (x, height))]


def frame(places: Sequence[Place]) -> Line:
    """Return a rectangle around some places."""
    left, right = min(x for x, _ in places) - 0.4, max(x for x, _ in places) + 0.4
    low, high = min(y for _, y in places) - 0.25, max(y for _, y in places) + 0.25
    return [(left, low), (right, low), (right, high), (left, high), (left, low)]


def lines(pieces: Sequence[Line]) -> tuple[list[float | None], list[float | None]]:
    """Return the coordinates of many lines as those of one, with a gap after each."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for piece in pieces:
        xs += [*(x for x, _ in piece), None]
        ys += [*(y for _, y in piece), None]
    return xs, ys


def _inputs(links: Sequence[Edge]) -> dict[str, list[str]]:
    inputs: dict[str, list[str]] = {}
    for start, end in links:
        inputs.setdefault(end, []).append(start)
    return inputs
