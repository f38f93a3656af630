"""The costs of each layer, dense and on the desk."""

from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import KEPT, REMOVED
from prunekit.records import Layer

Costs = Sequence[tuple[int, int]]
"""``(parameters, MACs)`` of each layer."""


def per_layer(layers: Sequence[Layer], now: Costs, what: str = "params") -> go.Figure:
    """Draw what each layer still costs and what it has lost.

    Args:
        layers: the dense layers.
        now: the same layers' costs on the desk.
        what: ``params`` or ``macs``.
    """
    unit = {"params": "parameters", "macs": "MACs"}[what]
    title = f"Where did the {unit} go?"
    if not layers:
        return nothing_yet(title, "This network has no layer with weights.")
    names = [plain(layer.name) for layer in layers]
    kept = [cost[0 if what == "params" else 1] for cost in now]
    gone = [getattr(layer, what) - remaining for layer, remaining in zip(layers, kept, strict=True)]
    chart = figure(title, 110 + 22 * len(layers), unit, legend=True)
    for label, values, colour, pattern in (("kept", kept, KEPT, ""), ("removed", gone, REMOVED, "/")):
        chart.add_bar(
            x=values,
            y=names,
            orientation="h",
            name=label,
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertemplate="%{y}: %{x:,} " + unit + " " + label + "<extra></extra>",
        )
    chart.update_layout(barmode="stack")
    chart.update_yaxes(autorange="reversed", tickvals=names, ticktext=[short(layer.name) for layer in layers])
    return chart


def per_layer_table(layers: Sequence[Layer], now: Costs) -> list[Row]:
    """Return every layer's costs before and now."""
    return [
        {
            "layer": layer.name,
            "parameters dense": layer.params,
            "parameters now": params,
            "MACs dense": layer.macs,
            "MACs now": macs,
        }
        for layer, (params, macs) in zip(layers, now, strict=True)
    ]
