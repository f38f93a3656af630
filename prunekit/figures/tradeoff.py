"""What runs are worth for what they cost, and which of them no other run beats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import plotly.graph_objects as go

from prunekit.figures.history import ADVICE, OWN, RING, UNDIMMED, caption, hover, numbers, reading_of
from prunekit.figures.layout import Row, figure, nothing_yet, plain
from prunekit.figures.palette import KEPT, NEUTRAL, REMOVED
from prunekit.records import Cost, Latency, Reading, Run

COSTS = {"params": "parameters", "macs": "MACs", "bytes": "bytes", "latency": "latency, % of the dense network's"}
"""What a run can cost, and the axis it is drawn on."""
CROWD = 100
"""The number of beaten runs from which their intervals are left out, since these would hide the runs; the table
still has all that is known of each."""


class _Estimate(NamedTuple):
    """A value with the ends of its 95 % interval; all three are equal where the value has none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Spot:
    """A network's place in the chart.

    Attributes:
        cost: in the unit of the horizontal axis.
        metric: in percent.
        run: the run; ``None`` for the task's own network.
    """

    cost: _Estimate
    metric: _Estimate
    run: Run | None

    @property
    def id(self) -> str:
        return self.run.id if self.run else ""

    @property
    def point(self) -> tuple[float, float]:
        return self.cost.value, self.metric.value


def tradeoff(
    runs: Sequence[Run],
    what: str = "params",
    *,
    dense: tuple[Cost, Reading] | None = None,
    head: str | None = None,
    pair: tuple[str, str] = ("", ""),
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
        pair: the two runs that are compared; empty for one that is no run.
        split: the split whose readings are drawn.
        batch: the batch size of the latencies that are drawn.
        threads: the number of threads of the latencies that are drawn.
    """
    title = f"Which run gives the most for its {COSTS[what].partition(',')[0]}?"
    spots = _spots(runs, what, dense, split, (batch, threads))
    if not any(spot.run for spot in spots):
        return nothing_yet(title, "No run was timed yet: measure the latency of one." if what == "latency" else ADVICE)
    chart = figure(title, 420, COSTS[what], _metric(runs, split), legend=True)
    ranked = list(zip(spots, pareto([spot.point for spot in spots]), strict=True))
    front = sorted({spot.point for spot, is_best in ranked if is_best})
    chart.add_scatter(
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
    _add_spots(chart, beaten, "another run is better", {"symbol": "circle", **grey}, split, len(beaten) >= CROWD)
    _add_spots(chart, best, "on the Pareto front", {"symbol": "diamond", **blue}, split)
    _add_spots(chart, start, OWN, {"symbol": "square", **grey, "size": 13}, split)
    _add_captions(chart, spots)
    sides = (("first", "circle", KEPT), ("second", "diamond", REMOVED))
    for picked, (name, symbol, colour) in zip(pair, sides, strict=True):
        spot = next((spot for spot in spots if picked and spot.id == picked), None)
        if spot is not None:
            mark = {"symbol": f"{symbol}-open", "size": 26, "color": colour, "line": {"width": 2}}
            x, y = spot.point
            chart.add_scatter(x=[x], y=[y], mode="markers", name=f"compared: {name}", marker=mark, hoverinfo="skip")
    on_desk = next((spot for spot in spots if head and spot.id == head), None)
    if on_desk is not None:
        x, y = on_desk.point
        chart.add_scatter(x=[x], y=[y], mode="markers", name="on the desk", marker=RING, hoverinfo="skip")
    return chart


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
        for spot, is_best in zip(spots, pareto([spot.point for spot in spots]), strict=True):
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
    """Return the latency of a run in PyTorch at a batch size and a number of threads, where it was timed."""
    setting = ("eager", batch, threads)
    return next(
        (latency for latency in run.latencies if (latency.runtime, latency.batch, latency.threads) == setting), None
    )


def _spots(
    runs: Sequence[Run], what: str, dense: tuple[Cost, Reading] | None, split: str, timing: tuple[int, int]
) -> list[_Spot]:
    """Place the task's own network where it is known, and every run whose cost and reading both are.

    Args:
        runs: the history.
        what: a key of ``COSTS``.
        dense: counts and reading of the task's own network.
        split: the split of the readings.
        timing: batch size and number of threads of the latencies.
    """
    spots = []
    if dense is not None:
        dense_cost, dense_reading = dense
        spots.append(_Spot(_count(dense_cost, what), _percent(dense_reading), None))
    for run in runs:
        cost = _relative_latency(run, timing) if what == "latency" else _count(run.cost, what)
        reading = reading_of(run, split)
        if cost is not None and reading is not None:
            spots.append(_Spot(cost, _percent(reading), run))
    return spots


def _count(cost: Cost, what: str) -> _Estimate:
    """Return a count, which has no interval; of ``latency`` the task's own network has 100 % by definition."""
    count = 100.0 if what == "latency" else float(getattr(cost, what))
    return _Estimate(count, count, count)


def _relative_latency(run: Run, timing: tuple[int, int]) -> _Estimate | None:
    """Return a run's latency in percent of the dense network's; ``None`` where it was never timed so."""
    latency = latency_of(run, *timing)
    if latency is None:
        return None
    slowest, fastest = latency.interval  # of the speed-up, so that its ends change places in the latency
    return _Estimate(100 / latency.speedup, 100 / fastest, 100 / slowest)


def _percent(reading: Reading) -> _Estimate:
    low, high = reading.interval or (reading.value, reading.value)
    return _Estimate(100 * reading.value, 100 * low, 100 * high)


def _metric(runs: Sequence[Run], split: str) -> str:
    return next(f"{plain(reading.metric)}, %" for run in runs if (reading := reading_of(run, split)))


def _add_spots(
    chart: go.Figure,
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
            "error_x": _bars([spot.cost for spot in spots]),
            "error_y": _bars([spot.metric for spot in spots]),
            "hovertext": [hover(spot.run, split) if spot.run else OWN for spot in spots],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
    chart.add_scatter(
        x=[spot.cost.value for spot in spots],
        y=[spot.metric.value for spot in spots],
        mode="markers",
        name=name,
        marker=marker,
        unselected=UNDIMMED,
        customdata=[spot.id for spot in spots],
        **more,
    )


def _add_captions(chart: go.Figure, spots: Sequence[_Spot]) -> None:
    named = [(spot, text) for spot in spots if spot.run and (text := caption(spot.run))]
    chart.add_scatter(
        x=[spot.cost.value for spot, _ in named],
        y=[spot.metric.value for spot, _ in named],
        mode="markers+text",
        marker={"size": 14, "opacity": 0},  # an unseen mark, larger than the run's own, keeps the text off it
        text=[text for _, text in named],
        textposition="top center",
        hoverinfo="skip",
        showlegend=False,
    )


def _bars(estimates: Sequence[_Estimate]) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in estimates],
        "arrayminus": [value - low for value, low, _ in estimates],
        "thickness": 1,
        "width": 3,
        "color": NEUTRAL,
        "visible": any(low < high for _, low, high in estimates),
    }
