"""One layer's weights: which of them a cut removes, and how they were distributed before it."""

from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go

from prunekit.figures.bins import centres, width, without
from prunekit.figures.layout import Row, figure, plain
from prunekit.figures.palette import HATCH, KEPT, NEUTRAL, REMOVED
from prunekit.records import Histogram, LayerWeights
from prunekit.words import axis

HEIGHT = 340


def layer_histogram(layer: LayerWeights, logarithmic: bool = False) -> go.Figure:
    """Draw the weights that a recipe starts from, divided into those that stay and those that go.

    Where single weights are zeroed by their magnitude, two lines show the threshold: what lies between them goes.

    Args:
        layer: the layer.
        logarithmic: count on a logarithmic axis.
    """
    chart = _empty(f"Which weights of {plain(layer.start.layer)} go, and which stay?", layer.start, logarithmic)
    pieces = _pieces(layer)
    for label, colour, pattern, is_removed in (("kept", KEPT, {}, False), ("removed", REMOVED, HATCH, True)):
        own = [piece for piece in pieces if piece.gone is is_removed and piece.count]
        if own:
            chart.add_bar(
                x=[(piece.low + piece.high) / 2 for piece in own],
                width=[piece.high - piece.low for piece in own],
                y=[piece.count for piece in own],
                base=[piece.base for piece in own],
                name=label,
                marker={"color": colour, "pattern": pattern},
                hovertext=[piece.hover for piece in own],
                hovertemplate="%{hovertext}<extra>" + label + "</extra>",
            )
    if layer.threshold:
        line = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": {"color": REMOVED, "dash": "dash"}}
        chart.update_layout(shapes=[{**line, "x0": x, "x1": x} for x in (-layer.threshold, layer.threshold)])
    return chart


def layer_overlay(layer: LayerWeights, logarithmic: bool = False) -> go.Figure:
    """Draw the weights that a recipe leaves, zeros apart, behind the outline of the dense network's.

    Args:
        layer: the layer.
        logarithmic: count on a logarithmic axis.
    """
    chart = _empty(f"How did the weights of {plain(layer.desk.layer)} change?", layer.desk, logarithmic)
    chart.add_bar(
        x=centres(layer.desk),
        width=width(layer.desk),
        y=without(layer.desk, layer.desk.zeros),
        name="on the desk, without zeros" if layer.desk.zeros else "on the desk",
        marker={"color": KEPT},
        hovertemplate="around %{x:.4f}: %{y:,} weights<extra>on the desk</extra>",
    )
    chart.add_scatter(
        x=centres(layer.dense),
        y=layer.dense.counts,
        mode="lines",
        line={"color": NEUTRAL, "shape": "hvh"},
        name="dense",
        hovertemplate="around %{x:.4f}: %{y:,} weights<extra>dense</extra>",
    )
    return chart


def layer_histogram_table(layer: LayerWeights) -> list[Row]:
    """Return one layer's bins in numbers: dense, before the recipe's cut, kept and removed by it."""
    step = width(layer.start)
    return [
        {
            "from": layer.start.low + i * step,
            "to": layer.start.low + (i + 1) * step,
            "dense": dense,
            "before the cut": start,
            "kept": min(start, kept),
            "removed": max(0, start - kept),
        }
        for i, (dense, start, kept) in enumerate(zip(layer.dense.counts, layer.start.counts, _kept(layer), strict=True))
    ]


def _empty(title: str, histogram: Histogram, logarithmic: bool) -> go.Figure:
    chart = figure(title, HEIGHT, axis("weight"), axis("weights in the bin"), legend=True)
    chart.update_layout(bargap=0, barmode="overlay", yaxis={"type": "log" if logarithmic else "linear"})
    chart.update_xaxes(range=[histogram.low, histogram.high])
    return chart


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of one bin's bar whose weights all stay or all go.

    Attributes:
        low: the smallest weight of the part.
        high: the largest.
        base: the height in weights that it begins at.
        count: how many weights high it is.
        gone: whether they go.
        hover: what the chart says of the whole bin.
    """

    low: float
    high: float
    base: int
    count: int
    gone: bool
    hover: str


def _pieces(layer: LayerWeights) -> list[_Piece]:
    """Divide the bar of every bin of the weights before the cut into what stays and what goes.

    Where the threshold alone decides, a bar is divided from left to right, where a line crosses it. Elsewhere weights
    of one size may stay or go, so that a bar is divided from bottom to top, by how many of its weights stay.
    """
    # A layer that loses channels as well has fewer weights than before: the threshold alone does not say which go.
    threshold = layer.threshold if layer.desk.n == layer.start.n else None
    step = width(layer.start)
    pieces: list[_Piece] = []
    for i, (count, kept) in enumerate(zip(layer.start.counts, _kept(layer), strict=True)):
        low, high = layer.start.low + i * step, layer.start.low + (i + 1) * step
        pieces += _split_by_count(low, high, count, kept) if not threshold else _split_at(low, high, count, threshold)
    return pieces


def _split_at(low: float, high: float, count: int, threshold: float) -> list[_Piece]:
    """Divide a bar where the lines at plus and minus the threshold cross it; what lies between the lines goes."""
    lines = [line for line in (-threshold, threshold) if low < line < high]
    hover = _hover(low, high, count)
    return [
        _Piece(start, end, 0, count, abs(start + end) / 2 < threshold, hover)
        for start, end in pairwise([low, *lines, high])
    ]


def _split_by_count(low: float, high: float, count: int, kept: int) -> list[_Piece]:
    """Divide a bar into the weights that stay and, on top of them, those that go."""
    hover = _hover(low, high, count)
    return [
        _Piece(low, high, 0, min(count, kept), False, f"{hover}, {kept:,} stay"),
        _Piece(low, high, kept, max(0, count - kept), True, f"{hover}, {count - kept:,} go"),
    ]


def _hover(low: float, high: float, count: int) -> str:
    return f"{low:.4f} to {high:.4f}: {count:,} weights"


def _kept(layer: LayerWeights) -> list[int]:
    """Count the weights of each bin that stay; zeros that the cut has made are not among them."""
    return without(layer.desk, max(0, layer.desk.zeros - layer.start.zeros))
