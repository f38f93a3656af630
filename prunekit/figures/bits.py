"""How many bits each layer needs: harm by layer and bits."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, layer_axis, nothing_yet, plain, row_height
from prunekit.figures.palette import HARM
from prunekit.records import Point
from prunekit.words import axis

LEAST, MOST = 1e-3, 1.0
"""Nats between which the colour goes from safe to harmful."""


def bits_heatmap(points: Sequence[Point]) -> go.Figure:
    """Draw the harm of quantising each layer alone, at each number of bits.

    Args:
        points: a scan of bits, as far as it has come.
    """
    title = "How many bits does each layer need?"
    if not points:
        return nothing_yet(title, "Start the scan of bits to see what each layer bears.")
    layers, bits = _sides(points)
    chart = figure(title, int(140 + row_height(len(layers)) * len(layers)), axis("bits of each weight"))
    harm = {(point.name, point.level): point.reading.kl for point in points}
    value = {(point.name, point.level): point.reading.value for point in points}
    chart.add_heatmap(
        x=[str(n) for n in bits],
        y=[plain(layer) for layer in layers],
        z=[[_log(harm.get((layer, float(n)))) for n in bits] for layer in layers],
        zmin=math.log10(LEAST),
        zmax=math.log10(MOST),
        colorscale=HARM,
        text=[[_percent(value.get((layer, float(n)))) for n in bits] for layer in layers],
        texttemplate="%{text}",
        hovertemplate="%{y}, %{x} bits: %{text}<extra></extra>",
        colorbar={
            "title": {"text": "KL, nats"},
            "tickvals": [-3, -2, -1, 0],
            "ticktext": ["≤0.001", "0.01", "0.1", "≥1"],
        },
    )
    chart.update_xaxes(type="category")
    layer_axis(chart, layers)
    return chart


def bits_table(points: Sequence[Point]) -> list[Row]:
    """Return what was measured of each layer at each number of bits."""
    return [
        {"layer": p.name, "bits": int(p.level), p.reading.metric: p.reading.value, "KL to dense, nats": p.reading.kl}
        for p in points
    ]


def _sides(points: Sequence[Point]) -> tuple[list[str], list[int]]:
    layers = list(dict.fromkeys(point.name for point in points))
    return layers, sorted({int(point.level) for point in points}, reverse=True)


def _log(harm: float | None) -> float | None:
    return None if harm is None else math.log10(max(harm, LEAST))


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"
