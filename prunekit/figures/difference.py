"""Two runs side by side: classes that gained or lost, and tables of all that differs."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import KEPT, NEUTRAL, REMOVED
from prunekit.records import Comparison, Layer

Costs = Sequence[tuple[int, int]]
"""``(parameters, MACs)`` of each layer."""
PERCENT = ("channels", "weights")
"""The parts of a recipe that are fractions, one for each group or layer."""


def bars(comparison: Comparison, a: str = "first", b: str = "second") -> go.Figure:
    """Draw the sparsities that the two recipes ask for differently, the largest difference on top.

    Args:
        comparison: the comparison.
        a: what the first run is called.
        b: what the second run is called.
    """
    title = "Which bars stand differently?"
    rows = [
        (_bar(change.key, change.name), change.a, change.b) for change in comparison.changes if change.key in PERCENT
    ]
    if not rows:
        return nothing_yet(title, "Both runs ask for the same sparsities.")
    return _pairs(title, sorted(rows, key=lambda row: -abs(row[2] - row[1])), "sparsity, %", a, b)


def per_class(comparison: Comparison, a: str = "first", b: str = "second") -> go.Figure:
    """Draw either run's metric for each class, the class that lost most on top.

    Args:
        comparison: the comparison; classes without a sample are left out.
        a: what the first run is called.
        b: what the second run is called.
    """
    title = "Which classes gain or lose?"
    rows = sorted(_classes(comparison), key=lambda row: row[2] - row[1])
    if not rows:
        return nothing_yet(title, "Neither run was measured class by class; compare them again.")
    return _pairs(title, rows, f"{plain(comparison.evaluations[0].reading.metric)}, %", a, b)


def per_class_table(comparison: Comparison) -> list[Row]:
    """Return either run's metric for each class, and what the second gained."""
    return [{"class": name, "first": x, "second": y, "gain": y - x} for name, x, y in _classes(comparison)]


def changes_table(comparison: Comparison) -> list[Row]:
    """Return what the two recipes ask for differently."""
    return [
        {"what": c.key, "name": c.name, "first": _as_text(c.a), "second": _as_text(c.b)} for c in comparison.changes
    ]


def _as_text(value: Any) -> Any:
    """Write a list as one text, and leave any other value of a recipe as it is."""
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else value


def readings_table(comparison: Comparison) -> list[Row]:
    """Return the readings and counts of both runs, one row for each figure."""
    first, second = (evaluation.to_json() for evaluation in comparison.evaluations)
    for side in (first, second):
        side["low"], side["high"] = side["interval"] or (None, None)
    figures = ("value", "low", "high", "correct", "n", "loss", "kl", "value_raw")
    counts = ("params", "macs", "flops", "bytes", "bytes_gzip")
    names = {
        "value": first["metric"],
        "low": "interval low",
        "high": "interval high",
        "value_raw": f"{first['metric']} before recalibration",
    }
    return [{"figure": names.get(key, key), "first": first[key], "second": second[key]} for key in (*figures, *counts)]


def layers_table(layers: Sequence[Layer], first: Costs, second: Costs) -> list[Row]:
    """Return each layer's parameters and MACs in both networks, what the second has more, and last the layers' sum."""
    named = [(layer.name, a, b) for layer, a, b in zip(layers, first, second, strict=True)]
    a, b = ((sum(params for params, _ in costs), sum(macs for _, macs in costs)) for costs in (first, second))
    return [
        {
            "layer": name,
            "parameters, first": params,
            "parameters, second": other_params,
            "parameters, difference": other_params - params,
            "MACs, first": macs,
            "MACs, second": other_macs,
            "MACs, difference": other_macs - macs,
        }
        for name, (params, macs), (other_params, other_macs) in (*named, ("all layers", a, b))
    ]


def flips_table(comparison: Comparison) -> list[Row]:
    """Return every sample whose prediction differs: its number, its class, and what either run says."""
    return [
        {
            "sample": flip.index,
            "class": comparison.classes[flip.target],
            "first": comparison.classes[flip.a],
            "second": comparison.classes[flip.b],
            "right": flip.right,
        }
        for flip in comparison.flips
    ]


def shifts_table(comparison: Comparison) -> list[Row]:
    """Return the samples whose own figure differs most: the number, and the figure by either run."""
    return [{"sample": shift.index, "first": shift.a, "second": shift.b} for shift in comparison.shifts]


def _classes(comparison: Comparison) -> list[tuple[str, float, float]]:
    sides = [evaluation.reading.per_class for evaluation in comparison.evaluations]
    rows = zip(comparison.classes, *sides, strict=False)
    return [(name, x, y) for name, x, y in rows if math.isfinite(x) and math.isfinite(y)]


def _bar(key: str, name: str) -> str:
    return name if key == "channels" else f"{name} (weights)"


def _pairs(title: str, rows: Sequence[tuple[str, float, float]], x: str, a: str, b: str) -> go.Figure:
    """Draw two fractions for each name, joined by a line."""
    chart = figure(title, 160 + 24 * len(rows), x, legend=True)
    names = [plain(name) for name, _, _ in rows]
    lines = [(end, name) for name, (_, first, second) in zip(names, rows, strict=True) for end in (first, second, None)]
    chart.add_scatter(
        x=[None if end is None else 100 * end for end, _ in lines],
        y=[None if end is None else name for end, name in lines],
        mode="lines",
        line={"color": NEUTRAL, "width": 3},
        hoverinfo="skip",
        showlegend=False,
    )
    for side, label, colour, symbol in ((1, a, KEPT, "circle"), (2, b, REMOVED, "diamond")):
        chart.add_scatter(
            x=[100 * row[side] for row in rows],
            y=names,
            mode="markers",
            name=plain(label),
            marker={"color": colour, "symbol": symbol, "size": 11},
            hovertemplate="%{y}: %{x:.1f} %<extra>" + plain(label) + "</extra>",
        )
    chart.update_yaxes(autorange="reversed", tickvals=names, ticktext=[short(name) for name, _, _ in rows])
    return chart
