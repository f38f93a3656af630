"""Charts of a scan: all groups at all levels, one group's curve, and where to cut first."""

import math
from collections.abc import Mapping, Sequence
from itertools import takewhile

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import HARM, KEPT, REMOVED
from prunekit.recipe import kept_units
from prunekit.records import Point

ADVICE = "Start a scan to see how each group takes being cut alone."
FLOOR = 1e-4
"""Nats of KL divergence below which two networks answer alike."""


def heatmap(points: Sequence[Point], names: Sequence[str], metric: str = "kl", dense: float | None = None) -> go.Figure:
    """Draw the harm of every cell; cells not measured stay blank.

    A marker before each row can be clicked; its ``customdata`` is the group's name.

    Args:
        points: what was measured.
        names: the groups or layers, in execution order.
        metric: ``kl`` (divergence from the dense output, nats) or ``accuracy`` (points lost).
        dense: the dense network's metric on the same samples, for ``accuracy``.
    """
    title = "Which layers can be cut?"
    if not points:
        return nothing_yet(title, ADVICE)
    levels = sorted({point.level for point in points})
    cells = {(point.name, point.level): point for point in points}
    made = figure(title, 130 + 26 * len(names), "sparsity, %")
    labels = [plain(name) for name in names]
    shown = [[_cell(cells.get((name, level)), metric, dense) for level in levels] for name in names]
    made.add_heatmap(
        x=[f"{100 * level:.0f}" for level in levels],
        y=labels,
        z=shown,
        text=[[_hover(cells.get((name, level))) for level in levels] for name in names],
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
        x=[f"{100 * levels[0]:.0f}"] * len(labels),
        y=labels,
        mode="markers",
        marker={"symbol": "triangle-right", "size": 10, "color": KEPT, "line": {"width": 1, "color": "white"}},
        customdata=list(names),
        hovertemplate="%{y}: click for its curve<extra></extra>",
        showlegend=False,
    )
    made.update_xaxes(type="category")
    made.update_yaxes(autorange="reversed", tickvals=labels, ticktext=[short(name) for name in names])
    return made


def table(points: Sequence[Point]) -> list[Row]:
    """Return every cell in numbers."""
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
        for point in sorted(points, key=lambda point: (point.name, point.level))
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
        made.add_hline(y=100 * dense, line={"color": REMOVED, "dash": "dot"}, annotation_text="dense")
    return made


def ranking(
    points: Sequence[Point], names: Sequence[str], limit: float = 0.05, units: Mapping[str, int] | None = None
) -> go.Figure:
    """Draw how far each group goes before its output leaves the dense network's.

    Args:
        points: what was measured.
        names: the groups that can be cut; a protected one is never ranked.
        limit: KL divergence in nats that counts as having left.
        units: units of each group, or weights of each layer, as for ``ranking_table``.
    """
    title = "Where can I cut first?"
    rows = ranking_table(points, names, limit, units)
    if not rows:
        return nothing_yet(title, ADVICE)
    made = figure(title, 110 + 24 * len(rows), f"largest measured sparsity with KL ≤ {limit:g} nats, %")
    labels = [plain(str(row["name"])) for row in rows]
    shares = [None if row["sparsity"] is None else 100 * float(str(row["sparsity"])) for row in rows]
    said = [str(row["status"]) if share is None else f"{share:.0f} %" for share, row in zip(shares, rows, strict=True)]
    made.add_bar(
        x=[share or 0.0 for share in shares],
        y=labels,
        orientation="h",
        marker={"color": KEPT},
        text=["" if share else words for share, words in zip(shares, said, strict=True)],
        textposition="outside",
        hovertext=said,
        hovertemplate="%{y}: %{hovertext}<extra></extra>",
    )
    made.update_yaxes(autorange="reversed", tickvals=labels, ticktext=[short(str(row["name"])) for row in rows])
    made.update_xaxes(range=[0, 100])
    return made


def ranking_table(
    points: Sequence[Point], names: Sequence[str], limit: float = 0.05, units: Mapping[str, int] | None = None
) -> list[Row]:
    """Rank the groups that were measured: the one that goes farthest first, one that nothing is known of last.

    A level at which nothing is removed says nothing of a group, and is left out.

    Args:
        points: what was measured.
        names: the groups that can be cut.
        limit: KL divergence in nats that counts as having left the dense network's output.
        units: units of each group, or weights of each layer. Of one that is not named, a level removes
            nothing where the KL divergence is exactly 0.
    """
    rows = []
    for name in names:
        own = sorted((point.level, point.reading.kl) for point in points if point.name == name)
        if own:
            rows.append({"name": name, **_reach(own, limit, (units or {}).get(name))})
    return sorted(rows, key=lambda row: -1.0 if row["sparsity"] is None else float(str(row["sparsity"])), reverse=True)


def _reach(own: Sequence[tuple[float, float | None]], limit: float, size: int | None) -> Row:
    """Say how far one group goes, from its levels and KL divergences by rising level."""
    cut = [(level, kl) for level, kl in own if (kept_units(size, level) < size if size else kl != 0)]
    read = [(level, kl) for level, kl in cut if kl is not None]
    if not read:
        status = "not measured" if cut else "no level removes anything"
        return {"sparsity": None, "KL at the lowest level": None, "status": status}
    safe = [level for level, _ in takewhile(lambda found: found[1] <= limit, read)]
    return {"sparsity": max(safe, default=0.0), "KL at the lowest level": read[0][1], "status": "measured"}


def _cell(point: Point | None, metric: str, dense: float | None) -> float | None:
    if point is None:
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
