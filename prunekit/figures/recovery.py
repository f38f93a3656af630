"""The live curve of a recovery."""

from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain
from prunekit.figures.palette import KEPT, NEUTRAL
from prunekit.records import Epoch, Reading
from prunekit.words import axis


def learning_curve(epochs: Sequence[Epoch], before: Reading | None = None, dense: Reading | None = None) -> go.Figure:
    """Draw the training loss and the validation metric so far, on an axis of all epochs planned.

    Args:
        epochs: what the recovery has yielded so far.
        before: the reading of the cut network.
        dense: the reading of the dense network, drawn as a line.
    """
    title = "Is it coming back?"
    if not epochs:
        return nothing_yet(title, "Start a recovery to watch loss and metric.")
    chart = figure(title, 360, axis("epochs"), axis("training loss"), legend=True)
    planned = _planned(epochs[-1])
    chart.add_scatter(
        x=[epoch.epoch for epoch in epochs],
        y=[epoch.loss for epoch in epochs],
        mode="lines",
        name="training loss",
        line={"color": NEUTRAL, "dash": "dot"},
        hovertemplate="epoch %{x:.2f}: loss %{y:.3f}<extra></extra>",
    )
    readings = [(epoch.epoch, epoch.reading) for epoch in epochs if epoch.reading is not None]
    if before is not None:
        readings.insert(0, (0.0, before))
    chart.add_scatter(
        x=[at for at, _ in readings],
        y=[100 * reading.value for _, reading in readings],
        error_y=_bars([reading for _, reading in readings]),
        mode="lines+markers",
        name="validation, with 95 % interval",
        line={"color": KEPT},
        yaxis="y2",
        hovertemplate="epoch %{x:.2f}: %{y:.1f} %<extra></extra>",
    )
    if dense is not None:
        chart.add_scatter(
            x=[0, planned],
            y=[100 * dense.value] * 2,
            mode="lines",
            name="dense network",
            line={"color": KEPT, "dash": "dash", "width": 1},
            yaxis="y2",
            hoverinfo="skip",
        )
    known = [reading for _, reading in readings] + ([dense] if dense else [])
    metric = plain(known[0].metric) if known else "metric"
    chart.update_layout(
        xaxis={"range": [-0.02 * planned, 1.02 * planned]},
        yaxis2={
            "title": {"text": f"{metric}, %"},
            "overlaying": "y",
            "side": "right",
            "showgrid": False,
            "tickmode": "auto",  # its own round numbers; by default it has ticks where the other axis has them
        },
    )
    return chart


def learning_table(epochs: Sequence[Epoch]) -> list[Row]:
    """Return every record of the recovery in numbers."""
    return [
        {
            "step": epoch.step,
            "epoch": epoch.epoch,
            "training loss": epoch.loss,
            "validation": epoch.reading.value if epoch.reading else None,
            "samples": epoch.reading.n if epoch.reading else None,
        }
        for epoch in epochs
    ]


def _planned(latest: Epoch) -> float:
    """Return how many epochs there will be, so that the axis keeps its range while the curve grows."""
    return round(latest.epoch * latest.steps / latest.step, 6) if latest.step else max(1.0, latest.epoch)


def _bars(readings: Sequence[Reading]) -> dict[str, object]:
    high = [100 * (r.interval[1] - r.value) if r.interval else 0 for r in readings]
    low = [100 * (r.value - r.interval[0]) if r.interval else 0 for r in readings]
    return {"type": "data", "symmetric": False, "array": high, "arrayminus": low, "thickness": 1}
