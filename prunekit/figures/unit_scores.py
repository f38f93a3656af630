"""The scores that decide which units of a group go."""

from collections.abc import Callable

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, plain
from prunekit.figures.palette import HATCH, KEPT, NEUTRAL, REMOVED
from prunekit.records import UnitScores
from prunekit.words import axis

LOOKS = {"removed": (REMOVED, HATCH), "kept": (KEPT, {}), "lost before": (NEUTRAL, {"shape": "x"})}
"""The fate of a unit → its colour and pattern."""
MARKS = {"dropped by hand": ("x", REMOVED), "kept by hand": ("triangle-up", KEPT)}


def unit_scores(scores: UnitScores, title_of: Callable[[str], str]) -> go.Figure:
    """Draw a group's units by rising score, which of them stay, and the line where the cut is.

    The bars can be clicked; their ``customdata`` is the unit's number.

    Args:
        scores: the units.
        title_of: what a criterion is called.
    """
    title = f"Which units of {plain(scores.group)} go first?"
    criterion = plain(title_of(scores.criterion))
    chart = figure(title, 340, axis("units", ", lowest score first"), axis("score", f" by {criterion}"), legend=True)
    order = _order(scores)
    fates = [_fate(scores, unit) for unit in order]
    for label, (colour, pattern) in LOOKS.items():
        ranks = [rank for rank, fate in enumerate(fates) if fate == label]
        if ranks:
            chart.add_bar(
                x=ranks,
                y=[scores.values[order[rank]] for rank in ranks],
                name=label,
                customdata=[order[rank] for rank in ranks],
                marker={"color": colour, "pattern": pattern},
                unselected={"marker": {"opacity": 1}},
                hovertemplate="unit %{customdata}: score %{y:.4g}<extra>" + label + "</extra>",
            )
    for (label, (symbol, colour)), units in zip(MARKS.items(), (scores.drop, scores.keep), strict=True):
        ranks = [rank for rank, unit in enumerate(order) if unit in units]
        if ranks:
            chart.add_scatter(
                x=ranks,
                y=[scores.values[order[rank]] for rank in ranks],
                mode="markers",
                name=label,
                marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 1, "color": "white"}},
                hoverinfo="skip",
            )
    by_score = [rank for rank, unit in enumerate(order) if fates[rank] == "removed" and unit not in scores.drop]
    if by_score:
        line = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": {"color": REMOVED, "dash": "dash"}}
        chart.update_layout(shapes=[{**line, "x0": by_score[-1] + 0.5, "x1": by_score[-1] + 0.5}])
    # A click anywhere above a bar counts as one on it, so that a unit whose score is 0 can be clicked as well.
    chart.update_layout(bargap=0.1 if len(order) < 80 else 0, barmode="overlay", hovermode="x")
    chart.update_xaxes(range=[-0.5, len(order) - 0.5])
    chart.update_yaxes(rangemode="tozero")
    return chart


def unit_scores_table(scores: UnitScores) -> list[Row]:
    """Return every unit with its score, its fate, and whether a person decided it."""
    hand = {**dict.fromkeys(scores.drop, "dropped"), **dict.fromkeys(scores.keep, "kept")}
    return [
        {"unit": unit, "score": scores.values[unit], "fate": _fate(scores, unit), "by hand": hand.get(unit, "")}
        for unit in _order(scores)
    ]


def _order(scores: UnitScores) -> list[int]:
    return sorted(range(len(scores.values)), key=lambda unit: (scores.values[unit], unit))


def _fate(scores: UnitScores, unit: int) -> str:
    if unit in scores.gone:
        return "lost before"
    return "kept" if unit in scores.kept else "removed"
