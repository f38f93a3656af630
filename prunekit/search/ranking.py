"""Where to cut first: what each group or layer, cut alone, costs for what it saves."""

from collections.abc import Mapping, Sequence

from prunekit.graph.structure import Structure
from prunekit.recipe import kept_units
from prunekit.records import Mode, Point, Rank, Suggestion
from prunekit.search.scan import sizes

RESOURCES = {Mode.CHANNELS: ("macs", "params"), Mode.WEIGHTS: ("params",)}
"""What a cut of each mode saves; zeroed weights save no MACs."""


def rank(points: Sequence[Point], structure: Structure, mode: Mode, resource: str, allowed: float) -> list[Rank]:
    """Rank what was scanned by its harm for what it saves, the cheapest first.

    A level that removes nothing says nothing, so a group of which no level removes anything is not
    ranked; a protected one was never scanned.

    Args:
        points: a scan's points, all of one mode.
        structure: the analysis of the dense network.
        mode: what was cut.
        resource: ``macs`` or ``params``.
        allowed: harm up to which a cut counts as harmless, KL divergence in nats.

    Returns:
        Those within what is allowed first, each group compared where it is cut as far as that goes.
    """
    ranks = []
    for steps in _saving(points, structure, mode, resource).values():
        safe = []
        for point, kl, saved in steps:
            if kl > allowed:
                break
            safe.append((point, kl, saved))
        point, kl, saved = safe[-1] if safe else steps[0]
        ranks.append(Rank(point.name, point.level, kl, saved, bool(safe), point.reading.status))
    return sorted(ranks, key=lambda cut: (not cut.allowed, cut.rate))


def suggest(points: Sequence[Point], structure: Structure, mode: Mode, resource: str, budget: float) -> Suggestion:
    """Cut step by step where the least harm is added for what is saved, while the harms add up to no more than allowed.

    Harms and savings are those of each cut alone. Together they may differ, so that this is a place to
    start from; a plan measures whole networks.

    Args:
        points: a scan's points, all of one mode.
        structure: the analysis of the dense network.
        mode: what was cut.
        resource: ``macs`` or ``params``.
        budget: the sum of harms, KL divergence in nats.
    """
    curves = _saving(points, structure, mode, resource)
    now = dict.fromkeys(curves, -1)
    levels: dict[str, float] = {}
    total = 0.0
    while True:
        best: tuple[float, str, int, float] | None = None
        for name, steps in curves.items():
            kl, saved = (steps[now[name]][1], steps[now[name]][2]) if now[name] >= 0 else (0.0, 0.0)
            for index in range(now[name] + 1, len(steps)):
                _, more, further = steps[index]
                if total + more - kl > budget or further <= saved:
                    continue
                rate = (more - kl) / (further - saved)
                if best is None or rate < best[0]:
                    best = rate, name, index, more - kl
        if best is None:
            return Suggestion(levels, total)
        _, name, index, added = best
        now[name], total = index, total + added
        levels[name] = curves[name][index][0].level


def _saving(
    points: Sequence[Point], structure: Structure, mode: Mode, resource: str
) -> dict[str, list[tuple[Point, float, float]]]:
    """Return for each name its levels that save anything, rising, with the harm and the share that is saved.

    A point that seems to do less harm than a milder one does as much.
    """
    size, whole = sizes(structure, mode), getattr(structure.cost({}), resource)
    savings: dict[str, list[tuple[Point, float, float]]] = {}
    for point in sorted(points, key=lambda point: point.level):
        kl = point.reading.kl
        if kl is None or point.name not in size:
            continue
        kept = kept_units(size[point.name], point.level)
        saved = _saved({point.name: kept}, size, structure, mode, resource) / whole
        if saved > 0:
            own = savings.setdefault(point.name, [])
            own.append((point, max(kl, own[-1][1]) if own else kl, saved))
    return {name: savings[name] for name in size if name in savings}


def _saved(kept: Mapping[str, int], size: Mapping[str, int], structure: Structure, mode: Mode, resource: str) -> int:
    if mode is Mode.WEIGHTS:
        return sum(size[name] - count for name, count in kept.items())
    return int(getattr(structure.cost({}), resource) - getattr(structure.cost(kept), resource))
