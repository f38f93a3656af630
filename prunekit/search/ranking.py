"""Where to cut first: what each group or layer, cut alone, gives for one point of the metric."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from prunekit.graph.structure import Structure
from prunekit.recipe import kept_units
from prunekit.records import Loss, Mode, Point, Rank, Reading, Status
from prunekit.search.scan import sizes

POINT = 1.0
"""Percentage points of the metric that every group or layer may cost, so that what they give can be compared."""


def cut_first(
    points: Sequence[Point],
    structure: Structure,
    mode: Mode,
    dense: Reading,
) -> tuple[Rank, ...]:
    """Rank all that can be cut by what goes for one point of the metric: what frees most comes first.

    Args:
        points: a scan's points, all of one mode.
        structure: the analysis of the dense network.
        mode: what was cut.
        dense: the dense network's reading on the whole split, by the metric of the points, of which more is better.

    Returns:
        Every group or layer of more than one piece: by the MACs that are freed in the mode of channels, by the
        parameters that are zeroed in the mode of weights; then those not measured yet, in execution order.
    """
    own: dict[str, list[Point]] = {}
    for point in sorted(points, key=lambda point: point.level):
        own.setdefault(point.name, []).append(point)
    ranks = [
        _freeing(_ranked(name, pieces, own.get(name, ()), dense), structure, mode)
        for name, pieces in sizes(structure, mode).items()
        if pieces > 1
    ]

    def order(rank: Rank) -> tuple[bool, float, float]:
        return rank.removable is None, -(rank.macs or rank.params), rank.half.points if rank.half else math.inf

    return tuple(sorted(ranks, key=order))


def loss(reading: Reading, dense: Reading) -> Loss:
    """Say how much worse a reading is than the dense network's.

    Args:
        reading: of a network that was cut.
        dense: the dense network's, on the whole split.
    """
    lost = 100 * (dense.value - reading.value)
    interval = reading.interval
    if reading.status is Status.MEASURED and reading.n >= dense.n:
        interval = (reading.value, reading.value)  # the same samples, every one of them
    ends = None if interval is None else sorted(100 * (dense.value - value) for value in interval)
    return Loss(lost, None if ends is None else (ends[0], ends[1]), reading.n, reading.status)


def _ranked(name: str, pieces: int, own: Sequence[Point], dense: Reading) -> Rank:
    steps: dict[int, Loss] = {}
    half = kl = None
    for point in own:
        lost, removed = loss(point.reading, dense), pieces - kept_units(pieces, point.level)
        if point.level == 0.5:
            half, kl = lost, point.reading.kl
        if removed and (removed not in steps or lost.points > steps[removed].points):
            steps[removed] = lost
    if not steps:
        return Rank(name, pieces)
    removable = _reach(steps)
    status = steps[removable].status if removable in steps else Status.INTERPOLATED
    deepest = removable == max(steps) < pieces - 1
    return Rank(name, pieces, removable, _between(steps), status, deepest, half=half, kl=kl)


def _reach(steps: Mapping[int, Loss]) -> int:
    """Return how many pieces can go within the point, on straight lines between what was measured."""
    for (before, less), (after, more) in pairwise([(0, 0.0), *((n, lost.points) for n, lost in steps.items())]):
        if round(more, 9) > POINT:
            return before + math.floor((after - before) * (POINT - less) / (more - less) + 1e-9)
    return max(steps)


def _between(steps: Mapping[int, Loss]) -> tuple[int, int] | None:
    """Return the fewest and the most that could go: from the last count that surely fits to before the first that not.

    What lies between two measured levels that agree is taken at its value.
    """
    low, is_sure = 0, True
    for removed, lost in steps.items():
        if lost.interval is None and lost.status is not Status.INTERPOLATED:
            return None
        least, most = lost.interval or (lost.points, lost.points)
        if round(least, 9) > POINT:
            return low, removed - 1
        is_sure = is_sure and round(most, 9) <= POINT
        low = removed if is_sure else low
    return low, max(steps)


def _freeing(rank: Rank, structure: Structure, mode: Mode) -> Rank:
    """Add what a cut within the point frees, by the closed formulas."""
    if not rank.removable:
        return rank
    whole = structure.cost({})
    if mode is Mode.WEIGHTS:
        return replace(rank, params=rank.removable / whole.params)
    smaller = structure.cost({rank.name: rank.pieces - rank.removable})
    return replace(rank, macs=1 - smaller.macs / whole.macs, params=1 - smaller.params / whole.params)
