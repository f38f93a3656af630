"""Every layer's weights as a ridge, all on one axis and partly overlapping."""

from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.bins import centres, width, without
from prunekit.figures.layout import figure, nothing_yet, plain, row_height, short
from prunekit.figures.palette import KEPT, NEUTRAL
from prunekit.records import Histogram
from prunekit.words import axis

OVERLAP = 1.8
"""Height of the highest ridge, in rows."""
ROW = 34


def ridgeline(histograms: Sequence[Histogram], dense: Sequence[Histogram] = ()) -> go.Figure:
    """Draw each layer's weights without its zeros as a ridge on its own line.

    ``distributions_table`` is its table twin. All ridges are one trace: a trace for each would take
    a browser seconds.

    Args:
        histograms: every layer's bins, over one range or each over its own.
        dense: the same layers before the cut, drawn as outlines that set the scale of their ridge;
            without them every ridge is as high as the next.
    """
    title = "What shape do the weights of every layer have?"
    if not histograms:
        return nothing_yet(title, "This network has no layer with weights.")
    height = 130 + round(row_height(len(histograms), ROW) * len(histograms))
    chart = figure(title, height, axis("weight"), legend=bool(dense))
    highest = [max(_density(histogram), default=0.0) or 1.0 for histogram in dense or histograms]
    chart.add_scatter(
        **_ridges(histograms, highest),
        mode="lines",
        fill="toself",
        fillcolor="rgba(0,114,178,0.3)",
        line={"color": KEPT, "width": 1},
        name="on the desk",
        hoveron="points",
        hovertemplate="around %{x:.4f}: %{text}<extra></extra>",
    )
    if dense:
        line = {"color": NEUTRAL, "width": 1}
        chart.add_scatter(**_ridges(dense, highest), mode="lines", line=line, name="dense", hoverinfo="skip")
    rows = list(range(0, -len(histograms), -1))
    chart.update_yaxes(
        tickvals=rows,
        ticktext=[short(histogram.layer, 22) for histogram in histograms],
        tickfont={"size": 12 if height / len(rows) > 18 else 10},
        zeroline=False,
    )
    return chart


def _ridges(histograms: Sequence[Histogram], highest: Sequence[float]) -> dict[str, list[object]]:
    """Return the line of all ridges, row by row, with a gap after each."""
    x: list[object] = []
    y: list[object] = []
    text: list[object] = []
    for row, (histogram, full) in enumerate(zip(histograms, highest, strict=True)):
        x += [histogram.low, *centres(histogram), histogram.high, None]
        y += [-row, *(OVERLAP * density / full - row for density in _density(histogram)), -row, None]
        shares = (
            f"{count / max(1, histogram.n):.2%} of the weights of {plain(histogram.layer)}"
            for count in histogram.counts
        )
        text += ["", *shares, "", None]
    return {"x": x, "y": y, "text": text}


def _density(histogram: Histogram) -> list[float]:
    return [count / width(histogram) for count in without(histogram, histogram.zeros)]
