"""Two runs side by side: classes that gained or lost, and tables of all that differs."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import KEPT, NEUTRAL, REMOVED
from prunekit.records import Comparison

PERCENT = ("channels", "weights")
"""What a recipe asks for as a fraction of each group or layer."""


def bars(found: Comparison, a: str = "first", b: str = "second") -> go.Figure:
    """Draw the sparsities that the two recipes ask for differently, the largest difference on top.

    Args:
        found: the comparison.
        a: what the first run is called.
        b: what the second run is called.
    """
    title = "Which bars stand differently?"
    rows = [(_bar(change.key, change.name), change.a, change.b) for change in found.changes if change.key in PERCENT]
    if not rows:
        return nothing_yet(title, "Both runs ask for the same sparsities.")
    return _pairs(title, sorted(rows, key=lambda row: -abs(row[2] - row[1])), "sparsity, %", a, b)


def per_class(found: Comparison, a: str = "first", b: str = "second") -> go.Figure:
    """Draw either run's metric for each class, the class that lost most on top.

    Args:
        found: the comparison; classes without a sample are left out.
        a: what the first run is called.
        b: what the second run is called.
    """
    title = "Which classes gain or lose?"
    rows = sorted(_classes(found), key=lambda row: row[2] - row[1])
    if not rows:
        return nothing_yet(title, "Neither run was measured class by class; compare them again.")
    return _pairs(title, rows, f"{found.evaluations[0].reading.metric}, %", a, b)


def per_class_table(found: Comparison) -> list[Row]:
    """Return either run's metric for each class, and what the second gained."""
    return [{"class": name, "first": x, "second": y, "gain": y - x} for name, x, y in _classes(found)]


def changes_table(found: Comparison) -> list[Row]:
    """Return what the two recipes ask for differently."""
    return [{"what": c.key, "name": c.name, "first": _told(c.a), "second": _told(c.b)} for c in found.changes]


def _told(value: Any) -> Any:
    """Write what is a list in a recipe as one text."""
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else value


def readings_table(found: Comparison) -> list[Row]:
    """Return the readings and counts of both runs, one row for each figure."""
    first, second = (evaluation.to_json() for evaluation in found.evaluations)
    figures = ("value", "correct", "n", "loss", "kl", "value_raw", "params", "macs", "flops", "bytes", "bytes_gzip")
    names = {"value": first["metric"], "value_raw": f"{first['metric']} before recalibration"}
    return [{"figure": names.get(key, key), "first": first[key], "second": second[key]} for key in figures]


def flips_table(found: Comparison) -> list[Row]:
    """Return every sample whose prediction differs: its number, its class, and what either run says."""
    return [
        {
            "sample": flip.index,
            "class": found.classes[flip.target],
            "first": found.classes[flip.a],
            "second": found.classes[flip.b],
            "right": flip.right,
        }
        for flip in found.flips
    ]


def shifts_table(found: Comparison) -> list[Row]:
    """Return the samples whose own figure differs most: the number, and the figure by either run."""
    return [{"sample": shift.index, "first": shift.a, "second": shift.b} for shift in found.shifts]


def _classes(found: Comparison) -> list[tuple[str, float, float]]:
    sides = [evaluation.reading.per_class for evaluation in found.evaluations]
    rows = zip(found.classes, *sides, strict=False)
    return [(name, x, y) for name, x, y in rows if math.isfinite(x) and math.isfinite(y)]


def _bar(key: str, name: str) -> str:
    return name if key == "channels" else f"{name} (weights)"


def _pairs(title: str, rows: Sequence[tuple[str, float, float]], x: str, a: str, b: str) -> go.Figure:
    """Draw two fractions for each name, joined by a line."""
    made = figure(title, 130 + 24 * len(rows), x, legend=True)
    names = [plain(name) for name, _, _ in rows]
    lines = [(end, name) for name, (_, first, second) in zip(names, rows, strict=True) for end in (first, second, None)]
    made.add_scatter(
        x=[None if end is None else 100 * end for end, _ in lines],
        y=[None if end is None else name for end, name in lines],
        mode="lines",
        line={"color": NEUTRAL, "width": 3},
        hoverinfo="skip",
        showlegend=False,
    )
    for side, called, colour, symbol in ((1, a, KEPT, "circle"), (2, b, REMOVED, "diamond")):
        made.add_scatter(
            x=[100 * row[side] for row in rows],
            y=names,
            mode="markers",
            name=plain(called),
            marker={"color": colour, "symbol": symbol, "size": 11},
            hovertemplate="%{y}: %{x:.1f} %<extra>" + plain(called) + "</extra>",
        )
    made.update_yaxes(autorange="reversed", tickvals=names, ticktext=[short(name) for name, _, _ in rows])
    return made
