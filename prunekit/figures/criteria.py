"""Several criteria side by side: which of them harms one group least."""

import math
from collections.abc import Callable, Mapping, Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain
from prunekit.figures.palette import GROUPS
from prunekit.figures.sensitivity import FLOOR, GLANCED, known_as
from prunekit.records import Point

SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x")


def criteria(scans: Mapping[str, Sequence[Point]], name: str, title_of: Callable[[str], str]) -> go.Figure:
    """Draw the harm of cutting one group by each criterion, over sparsity.

    Args:
        scans: criterion → its points, of any groups.
        name: the group.
        title_of: what a criterion is called.
    """
    title = f"Which criterion harms {plain(name)} least?"
    curves = {criterion: _own(points, name) for criterion, points in scans.items()}
    if not any(curves.values()):
        return nothing_yet(title, "Start a scan to compare criteria.")
    chart = figure(title, 330, "sparsity, %", "KL divergence, nats", legend=True)
    for place, (criterion, own) in enumerate(curves.items()):
        if own:
            chart.add_scatter(
                x=[100 * point.level for point in own],
                y=[_harm(point) for point in own],
                mode="lines+markers",
                name=_label(title_of(criterion), own),
                line={"color": GROUPS[place % len(GROUPS)]},
                marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 8},
                hovertemplate="%{x:.0f} %: %{y:.4f} nats<extra>" + plain(title_of(criterion)) + "</extra>",
            )
    harms = [math.log10(_harm(point)) for own in curves.values() for point in own]
    decades = [
        math.floor(min(harms) - 0.05),
        math.ceil(max(harms) + 0.05),
    ]  # at least one decade, so that the axis has a number
    chart.update_layout(xaxis={"range": [0, 100]}, yaxis={"type": "log", "dtick": 1, "range": decades})
    return chart


def criteria_table(scans: Mapping[str, Sequence[Point]], name: str) -> list[Row]:
    """Return the chart in numbers."""
    return [
        {
            "criterion": criterion,
            "sparsity": point.level,
            "KL to dense, nats": point.reading.kl,
            point.reading.metric: point.reading.value,
            "samples": point.reading.n,
            "status": known_as(point),
        }
        for criterion, points in scans.items()
        for point in _own(points, name)
    ]


def mean_harms(scans: Mapping[str, Sequence[Point]], name: str) -> dict[str, float]:
    """Return the geometric mean of the harm in nats of cutting one group by each criterion, the least first.

    It is over the levels that all of them know of that group; empty where there is none. An arithmetic
    mean would be decided by the highest level alone.
    """
    harms = {
        criterion: {point.level: math.log(_harm(point)) for point in own}
        for criterion, points in scans.items()
        if (own := _own(points, name))
    }
    common = set.intersection(*map(set, harms.values())) if harms else set()
    means = {
        criterion: math.exp(sum(own[level] for level in common) / len(common))
        for criterion, own in harms.items()
        if common
    }
    return dict(sorted(means.items(), key=lambda item: item[1]))


def _harm(point: Point) -> float:
    return max(FLOOR, point.reading.kl or 0.0)


def _label(title: str, own: Sequence[Point]) -> str:
    """Return the title of a criterion, with a note where some of its points are only a first look."""
    return plain(title) + (f" ({GLANCED})" if any(known_as(point) == GLANCED for point in own) else "")


def _own(points: Sequence[Point], name: str) -> list[Point]:
    own = [point for point in points if point.name == name and point.reading.kl is not None]
    return sorted(own, key=lambda point: point.level)
