"""One layer's weights: which of them a cut takes, and what they looked like before."""

from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go

from prunekit.figures.bins import centres, width, without
from prunekit.figures.layout import Row, figure, plain
from prunekit.figures.palette import HATCH, KEPT, NEUTRAL, REMOVED
from prunekit.records import Histogram, LayerWeights

HEIGHT = 340


def layer_histogram(found: LayerWeights, logarithmic: bool = False) -> go.Figure:
    """Draw the weights that a recipe starts from, divided into those that stay and those that go.

    Single weights that are taken by their magnitude lie between two lines.

    Args:
        found: the layer.
        logarithmic: count on a logarithmic axis.
    """
    made = _empty(f"Which weights of {plain(found.start.layer)} go, and which stay?", found.start, logarithmic)
    pieces = _pieces(found)
    for label, colour, pattern, wanted in (("kept", KEPT, {}, False), ("removed", REMOVED, HATCH, True)):
        own = [piece for piece in pieces if piece.gone is wanted and piece.count]
        if own:
            made.add_bar(
                x=[(piece.low + piece.high) / 2 for piece in own],
                width=[piece.high - piece.low for piece in own],
                y=[piece.count for piece in own],
                base=[piece.base for piece in own],
                name=label,
                marker={"color": colour, "pattern": pattern},
                hovertext=[piece.hover for piece in own],
                hovertemplate="%{hovertext}<extra>" + label + "</extra>",
            )
    if found.threshold:
        across = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": {"color": REMOVED, "dash": "dash"}}
        made.update_layout(shapes=[{**across, "x0": x, "x1": x} for x in (-found.threshold, found.threshold)])
    return made


def layer_overlay(found: LayerWeights, logarithmic: bool = False) -> go.Figure:
    """Draw the weights that a recipe leaves, zeros apart, behind the outline of the dense network's.

    Args:
        found: the layer.
        logarithmic: count on a logarithmic axis.
    """
    made = _empty(f"How did the weights of {plain(found.desk.layer)} change?", found.desk, logarithmic)
    made.add_bar(
        x=centres(found.desk),
        width=width(found.desk),
        y=without(found.desk, found.desk.zeros),
        name="on the desk, without zeros" if found.desk.zeros else "on the desk",
        marker={"color": KEPT},
        hovertemplate="around %{x:.4f}: %{y:,} weights<extra>on the desk</extra>",
    )
    made.add_scatter(
        x=centres(found.dense),
        y=found.dense.counts,
        mode="lines",
        line={"color": NEUTRAL, "shape": "hvh"},
        name="dense",
        hovertemplate="around %{x:.4f}: %{y:,} weights<extra>dense</extra>",
    )
    return made


def layer_histogram_table(found: LayerWeights) -> list[Row]:
    """Return one layer's bins in numbers: dense, before the recipe's cut, kept and removed by it."""
    step = width(found.start)
    return [
        {
            "from": found.start.low + i * step,
            "to": found.start.low + (i + 1) * step,
            "dense": dense,
            "before the cut": start,
            "kept": min(start, kept),
            "removed": max(0, start - kept),
        }
        for i, (dense, start, kept) in enumerate(zip(found.dense.counts, found.start.counts, _kept(found), strict=True))
    ]


def _empty(title: str, found: Histogram, logarithmic: bool) -> go.Figure:
    made = figure(title, HEIGHT, "weight", "weights in the bin", legend=True)
    made.update_layout(bargap=0, barmode="overlay", yaxis={"type": "log" if logarithmic else "linear"})
    made.update_xaxes(range=[found.low, found.high])
    return made


@dataclass(frozen=True, slots=True)
class _Piece:
    """A bar, or a part of one, that is kept or removed as a whole."""

    low: float
    high: float
    base: int
    count: int
    gone: bool
    hover: str


def _pieces(found: LayerWeights) -> list[_Piece]:
    """Divide the bins at the lines where only they decide, else into what is left of each and what is not."""
    start, step = found.start, width(found.start)
    by_line = found.threshold or 0.0 if found.desk.n == start.n else 0.0
    pieces = []
    for i, (count, kept) in enumerate(zip(start.counts, _kept(found), strict=True)):
        low, high = start.low + i * step, start.low + (i + 1) * step
        hover = f"{low:.4f} to {high:.4f}: {count:,} weights"
        if by_line:
            edges = [low, *(edge for edge in (-by_line, by_line) if low < edge < high), high]
            pieces += [_Piece(a, b, 0, count, abs(a + b) / 2 < by_line, hover) for a, b in pairwise(edges)]
        else:
            pieces.append(_Piece(low, high, 0, min(count, kept), False, f"{hover}, {kept:,} stay"))
            pieces.append(_Piece(low, high, kept, max(0, count - kept), True, f"{hover}, {count - kept:,} go"))
    return pieces


def _kept(found: LayerWeights) -> list[int]:
    """Count what stays of each bin; of the zeros only as many as there were before."""
    return without(found.desk, max(0, found.desk.zeros - found.start.zeros))
