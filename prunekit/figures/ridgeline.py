"""Every layer's weights as a ridge, one behind the other."""

from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import figure, nothing_yet, plain, short
from prunekit.figures.palette import KEPT
from prunekit.records import Histogram

OVERLAP = 1.8
"""Rows that the highest ridge reaches over."""


def ridgeline(histograms: Sequence[Histogram]) -> go.Figure:
    """Draw each layer's distribution as a ridge on its own line, all as high as each other.

    ``distributions_table`` of the weights' charts is its table twin. All ridges are one trace:
    a trace for each would take a browser seconds.

    Args:
        histograms: every layer's bins, over one range or each over its own.
    """
    title = "What shape do the weights of every layer have?"
    if not histograms:
        return nothing_yet(title, "This network has no layer with weights.")
    made = figure(title, 130 + 34 * len(histograms), "weight")
    x: list[float | None] = []
    y: list[float | None] = []
    text: list[str | None] = []
    for row, found in enumerate(histograms):
        edge = (found.high - found.low) / len(found.counts)
        highest = max(found.counts) or 1
        x += [found.low, *(found.low + (i + 0.5) * edge for i in range(len(found.counts))), found.high, None]
        y += [-row, *(OVERLAP * count / highest - row for count in found.counts), -row, None]
        shares = (f"{count / found.n:.2%} of the weights of {plain(found.layer)}" for count in found.counts)
        text += ["", *shares, "", None]
    made.add_scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        fillcolor="rgba(0,114,178,0.3)",
        line={"color": KEPT, "width": 1},
        text=text,
        hoveron="points",
        hovertemplate="around %{x:.4f}: %{text}<extra></extra>",
    )
    rows = list(range(0, -len(histograms), -1))
    made.update_yaxes(tickvals=rows, ticktext=[short(found.layer) for found in histograms], zeroline=False)
    return made
