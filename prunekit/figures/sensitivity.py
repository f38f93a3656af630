"""Charts of a scan: all groups at all levels, and one group's curve."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

import plotly.graph_objects as go

from prunekit.figures.bands import BANDS, COSTLY, HARMFUL, SAFE, band_of, ends
from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import HARM, KEPT, NEUTRAL
from prunekit.recipe import kept_units
from prunekit.records import Point, Status

ADVICE = "Start a scan to see how each group takes being cut alone."
FLOOR = 1e-4
"""Nats of KL divergence; two networks below it are drawn as equal."""
MARKS = " "
"""Name of the heatmap's first column, which holds the marks to click."""
INK = "#1f2430"
"""The colour of marks on cells of the KL divergence, legible on pale and on dark ones."""
GREY = "#7b7f87"
"""The colour of marks on cells of the bands, which are pale on a white page and deep on a dark one."""

MEASURED, ESTIMATED, INTERPOLATED, GLANCED = "measured", "estimated", "interpolated, no interval", "first look"
SYMBOLS = {MEASURED: "circle", ESTIMATED: "diamond", INTERPOLATED: "circle-open", GLANCED: "x-thin-open"}
"""The mark of each kind of point; the heatmap marks only points without an interval."""
GLYPHS = {INTERPOLATED: "○", GLANCED: "×"}
"""The same marks as characters, for the explanation below the heatmap."""


def heatmap(
    points: Sequence[Point],
    names: Sequence[str],
    metric: str = "kl",
    dense: float | None = None,
    units: Mapping[str, int] | None = None,
    protected: Mapping[str, str] | None = None,
) -> go.Figure:
    """Draw the harm of every cell; cells not measured, or where nothing is removed, stay blank.

    Points lost have the colours of the bands; the KL divergence has a scale of its own.

    A marker before each row can be clicked; its ``customdata`` is the group's name. Cells that are
    known without an interval carry a mark, too, unless all of them are a first look.

    Args:
        points: what was measured.
        names: the groups or layers, in execution order.
        metric: ``kl`` (divergence from the dense output, nats) or ``metric`` (points lost).
        dense: the dense network's metric, for ``metric``.
        units: units of each group, or weights of each layer.
        protected: groups that cannot be cut, each with its reason, named below the chart.
    """
    title = "How far can each layer be cut alone?"
    if not points:
        return nothing_yet(title, ADVICE)
    levels = sorted({point.level for point in points})
    cells = {(point.name, point.level): point for point in points}
    vague = [(point, state) for point in points if (state := known_as(point)) in (INTERPOLATED, GLANCED)]
    if all(state == GLANCED for _, state in vague) and len(vague) == len(
        points
    ):  # marks on all cells would say nothing
        vague, glyphs = [], f"<br>every cell is but a {GLANCED}"
    else:
        known = {state for _, state in vague}
        glyphs = "".join(f"<br>{glyph} {state}" for state, glyph in GLYPHS.items() if state in known)
    axis = "sparsity, %" + glyphs + besides(protected)
    chart = figure(title, 130 + 26 * len(names) + 18 * glyphs.count("<br>"), axis)
    labels = [plain(name) for name in names]
    rows = [[cells.get((name, level)) for level in levels] for name in names]
    columns = [f"{100 * level:.0f}" for level in levels]
    chart.add_heatmap(
        x=columns,
        y=labels,
        z=[[_cell(point, metric, dense, units) for point in row] for row in rows],
        text=[[_hover(point) for point in row] for row in rows],
        **_scale(metric),
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{y} at %{x} % sparsity<br>%{text}<extra></extra>",
    )
    chart.add_scatter(
        x=[MARKS] * len(labels),
        y=labels,
        mode="markers",
        marker={"symbol": "triangle-right", "size": 11, "color": KEPT},
        customdata=list(names),
        hovertemplate="%{y}: click for its curve<extra></extra>",
        showlegend=False,
        unselected={"marker": {"opacity": 1}},
    )
    mark = INK if metric == "kl" else GREY
    for state in (INTERPOLATED, GLANCED):
        own = [
            point
            for point, known in vague
            if known == state and _cell(point, metric, dense, units) is not None and point.name in names
        ]
        if own:
            chart.add_scatter(
                x=[f"{100 * point.level:.0f}" for point in own],
                y=[plain(point.name) for point in own],
                mode="markers",
                name=state,
                showlegend=False,
                marker={"symbol": SYMBOLS[state], "size": 7, "color": mark, "line": {"color": mark, "width": 1.5}},
                customdata=[point.name for point in own],
                text=[_hover(point) for point in own],
                hovertemplate="%{y} at %{x} % sparsity<br>%{text}<extra></extra>",
                unselected={"marker": {"opacity": 1}},
            )
    chart.update_layout(
        xaxis={"type": "category", "categoryorder": "array", "categoryarray": [MARKS, *columns], "showgrid": False},
        yaxis={
            "autorange": "reversed",
            "showgrid": False,  # its lines would shine through the cells
            "tickvals": labels,
            "ticktext": [short(name) for name in names],
        },
    )
    return chart


def table(points: Sequence[Point], names: Sequence[str] = ()) -> list[Row]:
    """Return every cell in numbers.

    Args:
        points: what was measured.
        names: the groups or layers in the order of the rows; others follow, sorted by name.
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
            "status": known_as(point),
        }
        for point in sorted(points, key=lambda point: (place.get(point.name, len(place)), point.name, point.level))
    ]


def curve(points: Sequence[Point], name: str, dense: float | None = None) -> go.Figure:
    """Draw one group's metric over its sparsity, with the 95 % interval as a band where one is known.

    Args:
        points: what was measured, of any groups.
        name: the group.
        dense: the dense network's metric on the same samples, drawn as a line.
    """
    title = f"How far can {plain(name)} be cut?"
    own = sorted((point for point in points if point.name == name), key=lambda point: point.level)
    if not own:
        return nothing_yet(title, ADVICE)
    chart = figure(title, 340, "sparsity, %", f"{plain(own[0].reading.metric)}, %", legend=True)
    x = [100 * point.level for point in own]
    band = list(_band(own))
    if band:
        chart.add_scatter(
            x=[level for level, _ in band],
            y=[value for _, value in band],
            fill="toself",
            mode="lines",
            line={"width": 1, "color": "rgba(0,114,178,0.35)"},
            fillcolor="rgba(0,114,178,0.18)",
            name="95 % interval",
            hoverinfo="skip",
            showlegend=False,
        )
    chart.add_scatter(
        x=x,
        y=[100 * point.reading.value for point in own],
        mode="lines",
        line={"color": KEPT},
        hoverinfo="skip",
        showlegend=False,
    )
    for state, symbol in SYMBOLS.items():
        same = [point for point in own if known_as(point) == state]
        if same:
            chart.add_scatter(
                x=[100 * point.level for point in same],
                y=[100 * point.reading.value for point in same],
                mode="markers",
                name=_label(state, same),
                marker={"symbol": symbol, "size": 8, "color": KEPT, "line": {"color": KEPT, "width": 1.5}},
                text=[_hover(point) for point in same],
                hovertemplate="%{x:.0f} %<br>%{text}<extra></extra>",
            )
    if dense is not None:
        chart.add_scatter(
            x=[0, 100],
            y=[100 * dense] * 2,
            mode="lines",
            name="dense network",
            line={"color": NEUTRAL, "dash": "dot"},
            hovertemplate="dense network: %{y:.1f} %<extra></extra>",
        )
        _add_bands(chart, own, dense)
    chart.update_layout(xaxis={"range": [0, 100]})
    return chart


def _add_bands(chart: go.Figure, own: Sequence[Point], dense: float) -> None:
    """Draw along the sparsity, as a ruler below the curve, how far the group is safe, costly and harmful."""
    curve = [(point.level, 100 * (dense - point.reading.value)) for point in own]
    safe, costly = ends(curve)
    marks = [0.0, safe, costly, curve[-1][0]]
    for band, (start, end) in zip(BANDS, pairwise(marks), strict=True):
        if end > start:
            chart.add_shape(
                type="rect",
                x0=100 * start,
                x1=100 * end,
                yref="y domain",
                y0=0,
                y1=0.07,
                fillcolor=band.colour,
                line={"width": 0},
                layer="below",
            )
    words = f"{SAFE.name} to {100 * safe:.0f} %, {COSTLY.name} to {100 * costly:.0f} %"
    beyond = f", {HARMFUL.name} beyond" if costly < curve[-1][0] else ""
    chart.update_xaxes(title_text=f"sparsity, %<br>{words}{beyond}")


def besides(protected: Mapping[str, str] | None) -> str:
    """Return a line for below a chart that names the groups which cannot be cut, each with its reason."""
    named = [f"{short(name)} ({short(reason, 40)})" for name, reason in (protected or {}).items()]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f"<br>protected: {', '.join(named[:3])}{more}" if named else ""


def known_as(point: Point) -> str:
    """Return the kind of a point, a key of ``SYMBOLS``; an estimate without an interval is a first look."""
    if point.reading.status is Status.ESTIMATED and point.reading.interval is None:
        return GLANCED
    return {Status.ESTIMATED: ESTIMATED, Status.INTERPOLATED: INTERPOLATED}.get(point.reading.status, MEASURED)


def _label(state: str, points: Sequence[Point]) -> str:
    """Say on how many samples points of one kind were measured."""
    if state == INTERPOLATED:
        return state
    low, high = min(point.reading.n for point in points), max(point.reading.n for point in points)
    return f"{state} on {low:,} samples" if low == high else f"{state} on {low:,} to {high:,} samples"


def _band(own: Sequence[Point]) -> Iterator[tuple[float | None, float | None]]:
    """Outline the intervals of neighbouring points that have one: a closed shape for each unbroken row of them."""
    runs = [list(run) for has, run in groupby(own, key=lambda point: point.reading.interval is not None) if has]
    for number, run in enumerate(runs):
        if number:
            yield None, None
        bounds = [(100 * point.level, point.reading.interval) for point in run]
        yield from ((level, 100 * interval[1]) for level, interval in bounds if interval)
        yield from ((level, 100 * interval[0]) for level, interval in reversed(bounds) if interval)


def _cell(point: Point | None, metric: str, dense: float | None, units: Mapping[str, int] | None) -> float | None:
    if point is None or not _removes(point, (units or {}).get(point.name)):
        return None
    if metric == "kl":
        return None if point.reading.kl is None else math.log10(max(FLOOR, point.reading.kl))
    return None if dense is None else float(BANDS.index(band_of(100 * (dense - point.reading.value))))


def _removes(point: Point, size: int | None) -> bool:
    """Say whether a level removes anything, from the count of units, or without it from the KL divergence."""
    return point.reading.kl != 0 if size is None else kept_units(size, point.level) < size


def _scale(metric: str) -> dict[str, object]:
    """Return the colours of the cells and their legend."""
    if metric == "kl":
        ticks = [-4, -3, -2, -1, 0]
        names = [f"{10.0**tick:g}" for tick in ticks]
        bar = {"title": "KL, nats", "tickvals": ticks, "ticktext": names, "thickness": 12}
        return {"colorscale": HARM, "zmin": math.log10(FLOOR), "zmax": 0.5, "colorbar": bar}
    steps = len(BANDS)
    colours = [[(place + end) / steps, band.colour] for place, band in enumerate(BANDS) for end in (0, 1)]
    legend = [f"{band.name}:<br>{band.label}" for band in BANDS]
    bar = {"title": "lost alone", "tickvals": list(range(steps)), "ticktext": legend, "thickness": 12}
    return {"colorscale": colours, "zmin": -0.5, "zmax": steps - 0.5, "colorbar": bar}


def _hover(point: Point | None) -> str:
    if point is None:
        return "not measured"
    reading = point.reading
    bounds = ""
    if reading.interval:
        bounds = f" ({100 * reading.interval[0]:.1f}–{100 * reading.interval[1]:.1f} %)"
    kl = "" if reading.kl is None else f"<br>KL {reading.kl:.4f} nats"
    state = known_as(point)
    of = "" if state == INTERPOLATED else f" on {reading.n:,} samples"
    return f"{plain(reading.metric)} {100 * reading.value:.1f} %{bounds}, {state}{of}{kl}"
