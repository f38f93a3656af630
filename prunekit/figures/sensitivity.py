"""Charts of a scan: all groups at all levels, one group's curve, and where to cut first."""

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import HARM, KEPT, NEUTRAL
from prunekit.figures.ranking import ADVICE, besides, ranking, ranking_table, removes
from prunekit.records import Point

__all__ = ["curve", "heatmap", "ranking", "ranking_table", "table"]

FLOOR = 1e-4
"""Nats of KL divergence below which two networks answer alike."""
MARKS = " "
"""The heatmap's column of marks to click."""


def heatmap(
    points: Sequence[Point],
    names: Sequence[str],
    metric: str = "kl",
    dense: float | None = None,
    units: Mapping[str, int] | None = None,
    protected: Mapping[str, str] | None = None,
) -> go.Figure:
    """Draw the harm of every cell; cells not measured, or where nothing is removed, stay blank.

    A marker before each row can be clicked; its ``customdata`` is the group's name.

    Args:
        points: what was measured.
        names: the groups or layers, in execution order.
        metric: ``kl`` (divergence from the dense output, nats) or ``accuracy`` (points lost).
        dense: the dense network's metric on the same samples, for ``accuracy``.
        units: units of each group, or weights of each layer, as for ``ranking_table``.
        protected: groups that cannot be cut, each with its reason, named below the chart.
    """
    title = "Which layers can be cut?"
    if not points:
        return nothing_yet(title, ADVICE)
    levels = sorted({point.level for point in points})
    cells = {(point.name, point.level): point for point in points}
    made = figure(title, 130 + 26 * len(names), "sparsity, %" + besides(protected))
    labels = [plain(name) for name in names]
    rows = [[cells.get((name, level)) for level in levels] for name in names]
    columns = [f"{100 * level:.0f}" for level in levels]
    made.add_heatmap(
        x=columns,
        y=labels,
        z=[[_cell(point, metric, dense, units) for point in row] for row in rows],
        text=[[_hover(point) for point in row] for row in rows],
        colorscale=HARM,
        zmin=math.log10(FLOOR) if metric == "kl" else 0,
        zmax=0.5 if metric == "kl" else 100 * (dense or 1.0),
        xgap=2,
        ygap=2,
        hoverongaps=False,
        colorbar=_scale(metric),
        hovertemplate="%{y} at %{x} % sparsity<br>%{text}<extra></extra>",
    )
    made.add_scatter(
        x=[MARKS] * len(labels),
        y=labels,
        mode="markers",
        marker={"symbol": "triangle-right", "size": 11, "color": KEPT},
        customdata=list(names),
        hovertemplate="%{y}: click for its curve<extra></extra>",
        showlegend=False,
    )
    made.update_layout(
        xaxis={"type": "category", "categoryorder": "array", "categoryarray": [MARKS, *columns], "showgrid": False},
        yaxis={"autorange": "reversed", "tickvals": labels, "ticktext": [short(name) for name in names]},
    )
    return made


def table(points: Sequence[Point], names: Sequence[str] = ()) -> list[Row]:
    """Return every cell in numbers.

    Args:
        points: what was measured.
        names: the order of the groups or layers; the others follow by name.
    """
    place = {name: index for index, name in enumerate(names)}
    return [
        {
            "name": point.name,
            "sparsity": point.level,
            point.reading.metric: point.reading.value,
            "interval low": point.reading.interval[0] if point.reading.interval else None,
            "interval high": point.reading.interval[1] if point.reading.interval else None,
            "KL to dense, nats": point.reading.kl,
            "loss": point.reading.loss,
            "samples": point.reading.n,
            "status": point.reading.status.value,
        }
        for point in sorted(points, key=lambda point: (place.get(point.name, len(place)), point.name, point.level))
    ]


def curve(points: Sequence[Point], name: str, dense: float | None = None) -> go.Figure:
    """Draw one group's metric over its sparsity, with the 95 % interval as a band.

    Args:
        points: what was measured, of any groups.
        name: the group.
        dense: the dense network's metric on the same samples, drawn as a line.
    """
    title = f"How far can {plain(name)} be cut?"
    own = sorted((point for point in points if point.name == name), key=lambda point: point.level)
    if not own:
        return nothing_yet(title, ADVICE)
    made = figure(title, 330, "sparsity, %", f"{own[0].reading.metric}, %", legend=True)
    x = [100 * point.level for point in own]
    banded = [(level, p.reading.interval) for level, p in zip(x, own, strict=True) if p.reading.interval]
    if banded:
        made.add_scatter(
            x=[level for level, _ in banded] + [level for level, _ in reversed(banded)],
            y=[100 * high for _, (_, high) in banded] + [100 * low for _, (low, _) in reversed(banded)],
            fill="toself",
            mode="none",
            fillcolor="rgba(0,114,178,0.18)",
            name="95 % interval",
            hoverinfo="skip",
        )
    made.add_scatter(
        x=x,
        y=[100 * point.reading.value for point in own],
        mode="lines+markers",
        name=f"measured on {own[0].reading.n} samples",
        line={"color": KEPT},
        text=[_hover(point) for point in own],
        hovertemplate="%{x:.0f} %<br>%{text}<extra></extra>",
    )
    if dense is not None:
        made.add_scatter(
            x=[0, 100],
            y=[100 * dense] * 2,
            mode="lines",
            name="dense network",
            line={"color": NEUTRAL, "dash": "dot"},
            hoverinfo="skip",
        )
    made.update_layout(xaxis={"range": [0, 100]})
    return made


def _cell(point: Point | None, metric: str, dense: float | None, units: Mapping[str, int] | None) -> float | None:
    if point is None or not removes(point.level, point.reading.kl, (units or {}).get(point.name)):
        return None
    if metric == "kl":
        return None if point.reading.kl is None else math.log10(max(FLOOR, point.reading.kl))
    return 100 * max(0.0, (dense or 1.0) - point.reading.value)


def _scale(metric: str) -> dict[str, object]:
    if metric == "kl":
        ticks = [-4, -3, -2, -1, 0]
        return {"title": "KL, nats", "tickvals": ticks, "ticktext": [f"{10.0**t:g}" for t in ticks], "thickness": 12}
    return {"title": "points lost", "thickness": 12}


def _hover(point: Point | None) -> str:
    if point is None:
        return "not measured"
    reading = point.reading
    bounds = ""
    if reading.interval:
        bounds = f" ({100 * reading.interval[0]:.1f}–{100 * reading.interval[1]:.1f} %)"
    kl = "" if reading.kl is None else f"<br>KL {reading.kl:.4f} nats"
    return f"{reading.metric} {100 * reading.value:.1f} %{bounds} on {reading.n} samples{kl}"
