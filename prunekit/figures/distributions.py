"""Where the weights of every layer lie, all layers at a glance."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.bins import centres, width
from prunekit.figures.layout import Row, figure, layer_axis, nothing_yet, plain, row_height
from prunekit.figures.palette import FREQUENCY, KEPT
from prunekit.records import Histogram
from prunekit.words import axis

RAREST, COMMONEST = -4, -0.5
"""Powers of ten of the shares between which the colour goes from faint to strong."""


def distributions(histograms: Sequence[Histogram], chosen: str | None = None) -> go.Figure:
    """Draw one row for each layer, coloured by how many of its weights lie at each value.

    The marker before each row can be clicked; its ``customdata`` is the layer's name.

    Args:
        histograms: every layer's bins, all over one range.
        chosen: the layer whose marker is filled.

    Raises:
        ValueError: the ranges or numbers of bins differ, so that no axis fits all rows.
    """
    title = "Where do the weights of every layer lie?"
    if not histograms:
        return nothing_yet(title, "This network has no layer with weights.")
    ranges = {(histogram.low, histogram.high, len(histogram.counts)) for histogram in histograms}
    if len(ranges) > 1:
        raise ValueError(f"One axis needs bins over one range, not {len(ranges)}; bin the layers with a common range.")
    ((low, high, _),) = ranges
    chart = figure(title, 120 + round(row_height(len(histograms)) * len(histograms)), axis("weight"))
    layers = [histogram.layer for histogram in histograms]
    names = [plain(layer) for layer in layers]
    chart.add_heatmap(
        x=centres(histograms[0]),
        y=names,
        z=[
            [round(math.log10(share), 2) if share else None for share in _shares(histogram)] for histogram in histograms
        ],
        zmin=RAREST,
        zmax=COMMONEST,
        colorscale=FREQUENCY,
        colorbar={
            "title": "share of<br>weights",
            "tickvals": list(range(RAREST, 0)),
            "ticktext": [f"{100 * 10.0**power:g} %" for power in range(RAREST, 0)],
            "thickness": 12,
        },
        hovertemplate="%{y}<br>around %{x:.4f}: 10^%{z:.1f} of the weights<extra></extra>",
    )
    room = 0.06 * (high - low)
    chart.add_scatter(
        x=[low - room / 2] * len(names),
        y=names,
        mode="markers",
        marker={
            "symbol": ["triangle-right" if layer == chosen else "triangle-right-open" for layer in layers],
            "size": 11,
            "color": KEPT,
        },
        unselected={"marker": {"opacity": 1}},
        customdata=layers,
        hovertemplate="%{y}: click to look closer<extra></extra>",
        showlegend=False,
    )
    chart.update_xaxes(range=[low - room, high])
    layer_axis(chart, layers)
    chart.update_yaxes(showgrid=False)  # the cells are transparent
    return chart


def distributions_table(histograms: Sequence[Histogram]) -> list[Row]:
    """Return the spread of every layer in numbers."""
    return [
        {
            "layer": histogram.layer,
            "weights": histogram.n,
            "zeros": histogram.zeros,
            "mean |weight|": _mean_magnitude(histogram),
            "90 % within ±": _quantile(histogram, 0.9),
            "largest |weight| within ±": histogram.high,
        }
        for histogram in histograms
    ]


def _shares(histogram: Histogram) -> list[float]:
    return [count / max(1, histogram.n) for count in histogram.counts]


def _mean_magnitude(histogram: Histogram) -> float:
    return sum(abs(x) * count for x, count in zip(centres(histogram), histogram.counts, strict=True)) / max(
        1, histogram.n
    )


def _quantile(histogram: Histogram, share: float) -> float:
    """Return the edge of a bin, as a magnitude, within which a share of the weights lies."""
    inside = 0
    for x, count in sorted(zip(centres(histogram), histogram.counts, strict=True), key=lambda item: abs(item[0])):
        inside += count
        if inside >= share * histogram.n:
            return abs(x) + width(histogram) / 2
    return histogram.high
