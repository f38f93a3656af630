"""The candidates of a plan: the metric of each against the share of a resource that remains."""

from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.history import RING, UNDIMMED
from prunekit.figures.layout import Row, figure, nothing_yet, plain
from prunekit.figures.palette import KEPT, NEUTRAL, REMOVED
from prunekit.records import Candidate, Cost, Outline, Reading

UNITS = {"macs": "MACs", "params": "parameters", "bytes": "bytes"}
SYMBOLS = {
    "uniform": "square",
    "global": "triangle-up",
    "greedy": "circle",
    "curves": "diamond",
    "exchange": "star",
}
"""The mark of each search method; baselines are grey, and candidates that miss a target have an open mark."""
BASELINES = ("uniform", "global")
NARROWEST = 10.0
"""Percentage points that the axis spans at least, so that candidates of almost equal cost are drawn close together."""


def plan_chart(
    candidates: Sequence[Candidate],
    outline: Outline,
    dense: tuple[Cost, Reading] | None,
    best: Candidate | None = None,
) -> go.Figure:
    """Draw every candidate's metric, with its 95 % interval, against what remains of the first target's resource.

    The candidates can be clicked; their ``customdata`` is the recipe's digest.

    Args:
        candidates: what was evaluated.
        outline: the targets of the plan.
        dense: counts and reading of the task's own network.
        best: the one that was selected.
    """
    unit = UNITS[outline.resource]
    metric = plain(candidates[0].reading.metric) if candidates else "accuracy"
    title = f"Which candidate keeps the most {metric} for its {unit}?"
    if not candidates or dense is None:
        return nothing_yet(title, "No candidate was measured yet.")
    cost, reference = dense
    chart = figure(title, 440, f"{unit} left, % of the dense network", f"{metric}, %", legend=True)
    for name in dict.fromkeys(candidate.name for candidate in candidates):
        _add(chart, name, [candidate for candidate in candidates if candidate.name == name], outline, cost)
    if any(candidate.misses for candidate in candidates):
        open_marks = {"symbol": "circle-open", "size": 12, "color": NEUTRAL}
        chart.add_scatter(x=[None], y=[None], mode="markers", name="open: misses a target", marker=open_marks)
    if best is not None:
        x, y = _share(best, outline, cost), 100 * best.reading.value
        chart.add_scatter(x=[x], y=[y], mode="markers", name="best", marker=RING, hoverinfo="skip")
    _bounds(chart, candidates, outline, cost, reference)
    return chart


def plan_table(
    candidates: Sequence[Candidate],
    outline: Outline,
    dense: tuple[Cost, Reading] | None,
    best: Candidate | None = None,
) -> list[Row]:
    """Return every candidate in numbers; the arguments are those of ``plan_chart``."""
    return [
        {
            "candidate": candidate.name,
            "selected": "best" if best is not None and candidate.recipe == best.recipe else "",
            candidate.reading.metric: candidate.reading.value,
            "95 % from": candidate.reading.interval[0] if candidate.reading.interval else None,
            "95 % to": candidate.reading.interval[1] if candidate.reading.interval else None,
            "samples": candidate.reading.n,
            "lost, points": round(100 * (dense[1].value - candidate.reading.value), 2) if dense else None,
            f"{UNITS[outline.resource]} left": _share(candidate, outline, dense[0]) / 100 if dense else None,
            "MACs": candidate.cost.macs,
            "parameters": candidate.cost.params,
            "not zero": candidate.nonzero,
            "bytes": candidate.cost.bytes,
            "KL to dense": candidate.reading.kl,
            "misses": "; ".join(candidate.misses),
        }
        for candidate in candidates
    ]


def _add(chart: go.Figure, name: str, candidates: Sequence[Candidate], outline: Outline, cost: Cost) -> None:
    symbol, colour = SYMBOLS.get(name, "circle"), NEUTRAL if name in BASELINES else KEPT
    chart.add_scatter(
        x=[_share(candidate, outline, cost) for candidate in candidates],
        y=[100 * candidate.reading.value for candidate in candidates],
        error_y=_intervals(candidates),
        mode="markers",
        name=name,
        showlegend=False,
        marker={
            "symbol": [f"{symbol}-open" if candidate.misses else symbol for candidate in candidates],
            "size": 12,
            "color": colour,
        },
        unselected=UNDIMMED,
        hovertext=[_hover(candidate, outline) for candidate in candidates],
        hovertemplate="%{hovertext}<extra></extra>",
        customdata=[candidate.recipe.digest for candidate in candidates],
    )
    filled = {"symbol": symbol, "size": 12, "color": colour}
    chart.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=filled)


def _bounds(
    chart: go.Figure, candidates: Sequence[Candidate], outline: Outline, cost: Cost, reference: Reading
) -> None:
    """Draw the targets and the dense network as lines, and leave room around all marks."""
    shares = [_share(candidate, outline, cost) for candidate in candidates]
    for resource, limit in outline.limits:
        if resource == outline.resource:
            shares.append(100 * limit / getattr(cost, resource))
            chart.add_vline(
                x=shares[-1],
                line={"color": REMOVED, "dash": "dash", "width": 1},
                annotation={"text": "target"},
                annotation_position="bottom right",
            )
    chart.add_hline(
        y=100 * reference.value,
        line={"color": NEUTRAL, "dash": "dot", "width": 1},
        annotation={"text": "dense network"},
        annotation_position="bottom left",
    )
    if outline.loss is not None:
        chart.add_hline(
            y=100 * (reference.value - outline.loss),
            line={"color": REMOVED, "dash": "dash", "width": 1},
            annotation={"text": "the most that may be lost"},
            annotation_position="bottom left",
        )
    middle, half = (max(shares) + min(shares)) / 2, 0.55 * max(NARROWEST, max(shares) - min(shares))
    chart.update_xaxes(range=[middle - half, middle + half])


def _share(candidate: Candidate, outline: Outline, cost: Cost) -> float:
    amount: int = getattr(cost, outline.resource)
    return 100 * candidate.amount(outline.resource, outline.mode) / amount


def _hover(candidate: Candidate, outline: Outline) -> str:
    remaining = f"{candidate.amount(outline.resource, outline.mode):,} {UNITS[outline.resource]} left"
    value = f"{plain(candidate.reading.metric)} {100 * candidate.reading.value:.1f} %"
    return "<br>".join([candidate.name, value, remaining, *candidate.misses])


def _intervals(candidates: Sequence[Candidate]) -> dict[str, object]:
    bounds = [(c.reading.value, c.reading.interval or (c.reading.value, c.reading.value)) for c in candidates]
    return {
        "type": "data",
        "symmetric": False,
        "array": [100 * (high - value) for value, (_, high) in bounds],
        "arrayminus": [100 * (value - low) for value, (low, _) in bounds],
        "thickness": 1,
        "width": 3,
        "color": NEUTRAL,
    }
