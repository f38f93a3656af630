"""What runs are worth for what they cost, and which of them no other run beats."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from prunekit.figures.history import ADVICE, OWN, RING, UNDIMMED, caption, hover, numbers, reading_of
from prunekit.figures.layout import Row, figure, nothing_yet
from prunekit.figures.palette import KEPT, NEUTRAL
from prunekit.records import Cost, Latency, Reading, Run

COSTS = {"params": "parameters", "macs": "MACs", "bytes": "bytes", "latency": "latency, % of the dense network's"}
"""What a run can cost, and the axis it is drawn on."""
CROWD = 100
"""So many beaten runs that their intervals would hide them; all of what is known of them stays in the table."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A run's place in the chart: cost and metric with the ends of their intervals, in the axes' units."""

    x: tuple[float, float, float]
    y: tuple[float, float, float]
    run: Run | None

    @property
    def id(self) -> str:
        return self.run.id if self.run else ""


def tradeoff(
    runs: Sequence[Run],
    what: str = "params",
    *,
    dense: tuple[Cost, Reading] | None = None,
    head: str | None = None,
    split: str = "validation",
    batch: int = 1,
    threads: int = 1,
) -> go.Figure:
    """Draw the metric of every run against what it costs, with 95 % intervals and the Pareto front.

    The runs can be clicked; their ``customdata`` is the run's id.

    Args:
        runs: the history; runs without a reading on the split, or never timed for ``latency``, are left out.
        what: ``params``, ``macs``, ``bytes`` or ``latency``.
        dense: counts and reading of the task's own network.
        head: the run on the desk.
        split: the split whose readings are drawn.
        batch: the batch size of the latencies that are drawn.
        threads: the number of threads of the latencies that are drawn.
    """
    title = f"Which run gives the most for its {COSTS[what].partition(',')[0]}?"
    spots = _spots(runs, what, dense, split, (batch, threads))
    if not any(spot.run for spot in spots):
        return nothing_yet(title, "No run was timed yet: measure the latency of one." if what == "latency" else ADVICE)
    made = figure(title, 420, COSTS[what], _metric(runs, split), legend=True)
    ranked = list(zip(spots, pareto([(spot.x[0], spot.y[0]) for spot in spots]), strict=True))
    front = sorted({(spot.x[0], spot.y[0]) for spot, is_best in ranked if is_best})
    made.add_scatter(
        x=[x for x, _ in front],
        y=[y for _, y in front],
        mode="lines",
        line={"color": KEPT, "width": 1.5, "shape": "hv", "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    best = [spot for spot, is_best in ranked if is_best and spot.run]
    beaten = [spot for spot, is_best in ranked if not is_best and spot.run]
    start = [spot for spot in spots if not spot.run]
    grey, blue = {"size": 10, "color": NEUTRAL}, {"size": 13, "color": KEPT}
    _add_spots(made, beaten, "another run is better", {"symbol": "circle", **grey}, split, len(beaten) >= CROWD)
    _add_spots(made, best, "on the Pareto front", {"symbol": "diamond", **blue}, split)
    _add_spots(made, start, OWN, {"symbol": "square", **grey, "size": 13}, split)
    _add_captions(made, spots)
    if found := [spot for spot in spots if head and spot.id == head]:
        made.add_scatter(
            x=[found[0].x[0]], y=[found[0].y[0]], mode="markers", name="on the desk", marker=RING, hoverinfo="skip"
        )
    return made


def tradeoff_table(
    runs: Sequence[Run],
    *,
    dense: tuple[Cost, Reading] | None = None,
    split: str = "validation",
    batch: int = 1,
    threads: int = 1,
) -> list[Row]:
    """Return every run with all its costs, and on which fronts it is; the arguments are those of ``tradeoff``."""
    fronts: dict[str, list[str]] = {}
    for what, unit in COSTS.items():
        spots = _spots(runs, what, dense, split, (batch, threads))
        for spot, is_best in zip(spots, pareto([(spot.x[0], spot.y[0]) for spot in spots]), strict=True):
            if is_best:
                fronts.setdefault(spot.id, []).append(unit.partition(",")[0])
    rows: list[Row] = []
    for run in runs:
        timed = latency_of(run, batch, threads)
        rows.append(
            {
                "run": run.id,
                "name": run.label,
                **numbers(run, split),
                "speed-up": timed.speedup if timed else None,
                "speed-up verdict": timed.verdict.value if timed else None,
                "on the front of": ", ".join(fronts.get(run.id, ())),
            }
        )
    return rows


def pareto(points: Sequence[tuple[float, float]]) -> tuple[bool, ...]:
    """Say of each point whether no other costs at most as much and is at least as good, one of them strictly.

    Args:
        points: ``(cost, value)``; of two equal points neither beats the other.

    Example:
        >>> pareto([(1, 0.5), (2, 0.9), (3, 0.8), (2, 0.9)])
        (True, True, False, True)
    """
    best: dict[float, float] = {}
    highest = float("-inf")
    for cost, value in sorted(points, key=lambda point: (point[0], -point[1])):
        if value > highest:
            best[cost] = highest = value
    return tuple(best.get(cost) == value for cost, value in points)


def latency_of(run: Run, batch: int = 1, threads: int = 1) -> Latency | None:
    """Return what was timed of a run in PyTorch for a batch size and thread count."""
    asked = ("eager", batch, threads)
    return next((found for found in run.latencies if (found.runtime, found.batch, found.threads) == asked), None)


def _spots(
    runs: Sequence[Run], what: str, dense: tuple[Cost, Reading] | None, split: str, timing: tuple[int, int]
) -> list[_Spot]:
    spots = []
    if dense is not None:
        cost, reading = dense
        x = 100.0 if what == "latency" else float(getattr(cost, what))
        spots.append(_Spot((x, x, x), _percent(reading), None))
    for run in runs:
        reading_here, place = reading_of(run, split), _cost(run, what, timing)
        if reading_here and place:
            spots.append(_Spot(place, _percent(reading_here), run))
    return spots


def _cost(run: Run, what: str, timing: tuple[int, int]) -> tuple[float, float, float] | None:
    if what != "latency":
        x = float(getattr(run.cost, what))
        return x, x, x
    found = latency_of(run, *timing)
    return None if found is None else (100 / found.speedup, 100 / found.interval[1], 100 / found.interval[0])


def _percent(reading: Reading) -> tuple[float, float, float]:
    low, high = reading.interval or (reading.value, reading.value)
    return 100 * reading.value, 100 * low, 100 * high


def _metric(runs: Sequence[Run], split: str) -> str:
    return next(f"{reading.metric}, %" for run in runs if (reading := reading_of(run, split)))


def _add_spots(
    made: go.Figure,
    spots: Sequence[_Spot],
    name: str,
    marker: dict[str, object],
    split: str,
    is_crowd: bool = False,
) -> None:
    if not spots:
        return
    more: dict[str, object] = {"hovertemplate": "%{customdata}<br>%{y:.1f} %<br>%{x:,}<extra></extra>"}
    if not is_crowd:
        more = {
            "error_x": _bars([spot.x for spot in spots]),
            "error_y": _bars([spot.y for spot in spots]),
            "hovertext": [hover(spot.run, split) if spot.run else OWN for spot in spots],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
    made.add_scatter(
        x=[spot.x[0] for spot in spots],
        y=[spot.y[0] for spot in spots],
        mode="markers",
        name=name,
        marker=marker,
        unselected=UNDIMMED,
        customdata=[spot.id for spot in spots],
        **more,
    )


def _add_captions(made: go.Figure, spots: Sequence[_Spot]) -> None:
    named = [(spot, text) for spot in spots if spot.run and (text := caption(spot.run))]
    made.add_scatter(
        x=[spot.x[0] for spot, _ in named],
        y=[spot.y[0] for spot, _ in named],
        mode="markers+text",
        marker={"size": 14, "opacity": 0},  # so that the names stand clear of the runs' own marks
        text=[text for _, text in named],
        textposition="top center",
        hoverinfo="skip",
        showlegend=False,
    )


def _bars(values: Sequence[tuple[float, float, float]]) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in values],
        "arrayminus": [value - low for value, low, _ in values],
        "thickness": 1,
        "width": 3,
        "color": NEUTRAL,
        "visible": any(low < high for _, low, high in values),
    }
