"""Charts of weights: all layers at a glance, one layer in depth, and the scores that decide a cut."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import DENSITY, KEPT, NEUTRAL, REMOVED
from prunekit.records import Histogram, UnitScores


def distributions(histograms: Sequence[Histogram]) -> go.Figure:
    """Draw one row of colour for each layer: where its weights lie, denser is lighter.

    A marker before each row can be clicked; its ``customdata`` is the layer's name.

    Args:
        histograms: every layer's bins, all over one range.

    Raises:
        ValueError: the ranges or numbers of bins differ, so that no axis fits all rows.
    """
    title = "How are the weights of every layer spread?"
    if not histograms:
        return nothing_yet(title, "This network has no layer with weights.")
    ranges = {(found.low, found.high, len(found.counts)) for found in histograms}
    if len(ranges) > 1:
        raise ValueError(f"One axis needs bins over one range, not {len(ranges)}; bin the layers with a common range.")
    made = figure(title, 110 + 24 * len(histograms), "weight")
    names = [plain(found.layer) for found in histograms]
    made.add_heatmap(
        x=_centres(histograms[0]),
        y=names,
        z=[[math.log10(share) if share else None for share in _shares(found)] for found in histograms],
        colorscale=DENSITY,
        colorbar={"title": "share of<br>weights", "tickvals": [-4, -3, -2, -1], "ticktext": _POWERS, "thickness": 12},
        hovertemplate="%{y}<br>around %{x:.4f}: 10^%{z:.1f} of the weights<extra></extra>",
    )
    made.add_scatter(
        x=[histograms[0].low] * len(names),
        y=names,
        mode="markers",
        marker={"symbol": "triangle-right", "size": 11, "color": KEPT},
        customdata=[found.layer for found in histograms],
        hovertemplate="%{y}: click to look closer<extra></extra>",
        showlegend=False,
    )
    made.update_yaxes(autorange="reversed", tickvals=names, ticktext=[short(found.layer) for found in histograms])
    return made


def distributions_table(histograms: Sequence[Histogram]) -> list[Row]:
    """Return the spread of every layer in numbers."""
    return [
        {
            "layer": found.layer,
            "weights": found.n,
            "zeros": found.zeros,
            "mean |weight|": _mean_magnitude(found),
            "90 % within ±": _quantile(found, 0.9),
            "largest |weight| within ±": found.high,
        }
        for found in histograms
    ]


def layer_histogram(
    found: Histogram, threshold: float | None = None, logarithmic: bool = False, before: Histogram | None = None
) -> go.Figure:
    """Draw one layer's weights, with the lines between which a cut zeroes them.

    Args:
        found: the layer's bins.
        threshold: weights of smaller magnitude are zeroed; ``None`` draws no lines.
        logarithmic: count on a logarithmic axis.
        before: the dense layer's bins, drawn as a line; zeros that it has not are drawn as removed.
    """
    made = figure(f"Which weights of {plain(found.layer)} are small?", 320, "weight", "weights in the bin", legend=True)
    zeroed = max(0, found.zeros - before.zeros) if before else 0
    pieces = _pieces(found, threshold or 0.0, zeroed)
    for label, colour, pattern, wanted in (("kept", KEPT, "", False), ("removed", REMOVED, "/", True)):
        own = [piece for piece in pieces if piece.gone is wanted]
        if own:
            made.add_bar(
                x=[(piece.low + piece.high) / 2 for piece in own],
                width=[piece.high - piece.low for piece in own],
                y=[piece.count for piece in own],
                base=[piece.base for piece in own],
                name=label,
                marker={"color": colour, "pattern": {"shape": pattern}},
                hovertext=[piece.hover for piece in own],
                hovertemplate="%{hovertext}<extra>" + label + "</extra>",
            )
    if before is not None:
        made.add_scatter(x=_centres(before), y=before.counts, mode="lines", name="before", line={"color": NEUTRAL})
    across = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": {"color": REMOVED, "dash": "dash"}}
    cut = [{**across, "x0": edge, "x1": edge} for edge in (-threshold, threshold)] if threshold else []
    made.update_layout(bargap=0, barmode="overlay", shapes=cut, yaxis={"type": "log" if logarithmic else "linear"})
    return made


def layer_histogram_table(found: Histogram) -> list[Row]:
    """Return one layer's bins in numbers."""
    width = (found.high - found.low) / len(found.counts)
    return [
        {"from": found.low + i * width, "to": found.low + (i + 1) * width, "weights": count}
        for i, count in enumerate(found.counts)
    ]


def unit_scores(scores: UnitScores) -> go.Figure:
    """Draw a group's units from the lowest score to the highest and which of them stay."""
    made = figure(
        f"Which units of {plain(scores.group)} go first?",
        320,
        "units, lowest score first",
        f"{plain(scores.criterion)} score",
        legend=True,
    )
    order = sorted(range(len(scores.values)), key=lambda unit: (scores.values[unit], unit))
    kept = set(scores.kept)
    for label, colour, pattern, wanted in (("removed", REMOVED, "/", False), ("kept", KEPT, "", True)):
        ranks = [rank for rank, unit in enumerate(order) if (unit in kept) is wanted]
        if ranks:
            made.add_bar(
                x=ranks,
                y=[scores.values[order[rank]] for rank in ranks],
                name=label,
                customdata=[order[rank] for rank in ranks],
                marker={"color": colour, "pattern": {"shape": pattern}},
                hovertemplate="unit %{customdata}: score %{y:.4g}<extra>" + label + "</extra>",
            )
    made.update_layout(bargap=0.1 if len(order) < 80 else 0)
    return made


def unit_scores_table(scores: UnitScores) -> list[Row]:
    """Return every unit with its score and whether it stays."""
    kept = set(scores.kept)
    return [
        {"unit": unit, "score": value, "kept": unit in kept}
        for unit, value in sorted(enumerate(scores.values), key=lambda item: (item[1], item[0]))
    ]


_POWERS = ["0.01 %", "0.1 %", "1 %", "10 %"]


def _centres(found: Histogram) -> list[float]:
    width = (found.high - found.low) / len(found.counts)
    return [found.low + (i + 0.5) * width for i in range(len(found.counts))]


def _shares(found: Histogram) -> list[float]:
    return [count / max(1, found.n) for count in found.counts]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A bar, or a part of one, that is kept or removed as a whole."""

    low: float
    high: float
    base: int
    count: int
    gone: bool
    hover: str


def _pieces(found: Histogram, threshold: float, zeroed: int) -> list[_Piece]:
    """Divide the bins at the cut, and the bin of 0 into what was zeroed and what lies above."""
    width = (found.high - found.low) / len(found.counts)
    pieces = []
    for i, count in enumerate(found.counts):
        low, high = found.low + i * width, found.low + (i + 1) * width
        at_zero = min(count, zeroed) if low <= 0 < high else 0
        hover = f"{low:.4f} to {high:.4f}: {count:,} weights"
        if at_zero:
            pieces.append(_Piece(low, high, 0, at_zero, True, f"exactly 0: {at_zero:,} weights more than before"))
        edges = [low, *(edge for edge in (-threshold, threshold) if low < edge < high), high]
        for start, end in pairwise(edges):
            gone = abs(start + end) / 2 < threshold
            pieces.append(_Piece(start, end, at_zero, count - at_zero, gone, hover))
    return pieces


def _mean_magnitude(found: Histogram) -> float:
    return sum(abs(x) * count for x, count in zip(_centres(found), found.counts, strict=True)) / max(1, found.n)


def _quantile(found: Histogram, share: float) -> float:
    """Return the magnitude that so many weights stay below, by the bins' edges."""
    width = (found.high - found.low) / len(found.counts)
    inside = 0
    for x, count in sorted(zip(_centres(found), found.counts, strict=True), key=lambda item: abs(item[0])):
        inside += count
        if inside >= share * found.n:
            return abs(x) + width / 2
    return found.high
