"""The history as charts: what every run costs and is worth, and the tree of which run came from which."""

from collections.abc import Sequence
from datetime import UTC, datetime

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import AREA, NEUTRAL, REMOVED
from prunekit.records import Node, Reading, Run

ADVICE = "Move a bar: every state you let go of is a run, and it appears here."
OWN = "the task's own network"
UNDIMMED = {"marker": {"opacity": 1}}
"""The look of marks that were not clicked: a click chooses a run, and does not dim the others."""
RING = {"symbol": "circle-open", "size": 20, "color": REMOVED, "line": {"width": 2}}


def tree(
    nodes: Sequence[Node], head: str | None = None, split: str = "validation", *, is_whole: bool = True
) -> go.Figure:
    """Draw which run came from which, from the task's own network on the left.

    The nodes can be clicked; their ``customdata`` is the run's id.

    Args:
        nodes: the runs with their places.
        head: the run on the desk; ``None`` is the task's own network.
        split: the split whose reading gives a node its colour.
        is_whole: whether no run of the history was left out.
    """
    title = "Which run came from which?"
    if not nodes:
        return nothing_yet(title, ADVICE)
    lanes = 1 + max(node.lane for node in nodes)
    steps = f"steps from {OWN}{'' if is_whole else ', of the runs shown'}"
    chart = figure(title, 230 + 34 * lanes, steps, legend=True)
    places = {node.run.id: (node.depth, node.lane) for node in nodes}
    chart.add_trace(_lines(nodes, places))
    chart.add_scatter(
        x=[0],
        y=[0],
        mode="markers",
        name=OWN,
        marker={"symbol": "square", "size": 13, "color": NEUTRAL},
        hovertemplate=f"{OWN}<extra></extra>",
    )
    for label, symbol, is_recovered in (("cut", "circle", False), ("recovered", "diamond", True)):
        shown = [node for node in nodes if bool(node.run.weights) is is_recovered and reading_of(node.run, split)]
        _add_nodes(chart, shown, label, {"symbol": symbol, "coloraxis": "coloraxis"}, split)
    unread = [node for node in nodes if not reading_of(node.run, split)]
    _add_nodes(chart, unread, "not measured", {"symbol": "x", "color": NEUTRAL}, split)
    x, y = places.get(head or "", (0, 0))
    chart.add_scatter(x=[x], y=[y], mode="markers", name="on the desk", marker=RING, hoverinfo="skip")
    measured = next((reading for node in nodes if (reading := reading_of(node.run, split))), None)
    metric = plain(measured.metric) if measured else "metric"
    chart.update_layout(
        coloraxis={"colorscale": AREA, "colorbar": {"title": f"{metric}, %", "thickness": 12, "nticks": 4}}
    )
    deepest = max(node.depth for node in nodes)
    chart.update_xaxes(range=[-0.3, deepest + 0.5], dtick=1 if deepest <= 20 else None, zeroline=False, showgrid=False)
    chart.update_yaxes(visible=False, range=[lanes - 0.4, -0.7])  # the first lane on top, with room for a name above it
    return chart


def tree_table(nodes: Sequence[Node], split: str = "validation") -> list[Row]:
    """Return every run with its parent, each after its parent."""
    return [
        {
            "run": node.run.id,
            "name": node.run.label,
            "starred": node.run.starred,
            "recovered": node.run.weights is not None,
            "parent": node.run.parent,
            "depth": node.depth,
            **numbers(node.run, split),
            "created (UTC)": datetime.fromtimestamp(node.run.created, UTC).isoformat(" ", "seconds")[:19],
        }
        for node in nodes
    ]


def reading_of(run: Run, split: str) -> Reading | None:
    """Return a run's reading on a split, where it has one."""
    return next((reading for reading in run.readings if reading.split == split), None)


def numbers(run: Run, split: str) -> Row:
    """Return the columns that every table of runs has: the reading and the counts."""
    reading = reading_of(run, split)
    low, high = reading.interval if reading and reading.interval else (None, None)
    return {
        reading.metric if reading else "metric": reading.value if reading else None,
        "interval low": low,
        "interval high": high,
        "samples": reading.n if reading else None,
        "parameters": run.cost.params,
        "MACs": run.cost.macs,
        "bytes": run.cost.bytes,
    }


def hover(run: Run, split: str) -> str:
    """Describe a run in a few lines."""
    reading = reading_of(run, split)
    lines = [f"{plain(called(run))}{' (recovered)' if run.weights else ''}"]
    if reading:
        low, high = reading.interval or (None, None)
        bounds = "" if low is None or high is None else f" ({100 * low:.1f}–{100 * high:.1f} %)"
        lines.append(
            f"{plain(reading.metric)} {100 * reading.value:.1f} %{bounds} on {reading.n:,} {reading.split} samples"
        )
    return "<br>".join([*lines, f"{run.cost.params:,} parameters, {run.cost.macs:,} MACs"])


def called(run: Run) -> str:
    """Return the name that a person gave a run, else the beginning of its id; after a star where it is starred."""
    return f"{'★ ' if run.starred else ''}{run.label or f'run {run.id[:6]}'}"


def caption(run: Run) -> str:
    """Return the text beside a run's mark, which only named or starred runs have, so that texts do not overlap."""
    return short(called(run), 20) if run.starred or run.label else ""


def _lines(nodes: Sequence[Node], places: dict[str, tuple[int, int]]) -> go.Scatter:
    x: list[int | None] = []
    y: list[int | None] = []
    for node in nodes:
        depth, lane = places.get(node.run.parent or "", (0, 0))
        x += [depth, depth, node.depth, None]
        y += [lane, node.lane, node.lane, None]
    line = {"color": NEUTRAL, "width": 1.5}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _add_nodes(chart: go.Figure, nodes: Sequence[Node], name: str, marker: dict[str, object], split: str) -> None:
    if not nodes:
        return
    # The legend shows a mark whose colour is a value in black, which cannot be seen on a dark page.
    sign = {"symbol": marker["symbol"], "size": 13, "color": NEUTRAL}
    chart.add_scatter(x=[None], y=[None], mode="markers", name=name, legendgroup=name, marker=sign)
    readings = [reading_of(node.run, split) for node in nodes]
    values = {"color": [100 * reading.value for reading in readings if reading]} if all(readings) else {}
    chart.add_scatter(
        x=[node.depth for node in nodes],
        y=[node.lane for node in nodes],
        mode="markers+text",
        legendgroup=name,
        showlegend=False,
        marker={"size": 13, "line": {"width": 1, "color": NEUTRAL}, **marker, **values},
        unselected=UNDIMMED,
        text=[caption(node.run) for node in nodes],
        textposition="top center",
        hovertext=[hover(node.run, split) for node in nodes],
        hovertemplate="%{hovertext}<extra></extra>",
        customdata=[node.run.id for node in nodes],
    )
