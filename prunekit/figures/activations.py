"""The share of zeros in the outputs of layers."""

from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, layer_axis, nothing_yet, plain, row_height
from prunekit.figures.palette import KEPT, NEUTRAL
from prunekit.records import Activation
from prunekit.words import axis


def activations(desk: Sequence[Activation], dense: Sequence[Activation] = ()) -> go.Figure:
    """Draw the share of zeros in every layer's output; channels that are always zero are named beside it.

    Args:
        desk: the layers of the network on the desk.
        dense: the same of the dense network, drawn as a tick on each bar.
    """
    title = "How much of each layer's output is zero?"
    if not desk:
        return nothing_yet(title, "No layer of this network hands its output on to a convolution or linear layer.")
    height = 130 + round(row_height(len(desk)) * len(desk))
    chart = figure(title, height, axis("share of zeros", f" on {desk[0].n:,} samples, %"), legend=bool(dense))
    names = [plain(activation.layer) for activation in desk]
    chart.add_bar(
        x=[100 * activation.zeros for activation in desk],
        y=names,
        orientation="h",
        name="on the desk",
        marker={"color": KEPT},
        text=[f"{activation.dead} always zero" if activation.dead else "" for activation in desk],
        textposition="auto",
        insidetextanchor="start",
        customdata=[activation.layer for activation in desk],
        hovertext=[
            f"as {plain(activation.reader)} reads it: {activation.dead} of {activation.channels} channels always zero"
            for activation in desk
        ],
        hovertemplate="%{y}: %{x:.1f} % zeros<br>%{hovertext}<extra></extra>",
    )
    present = {activation.layer for activation in desk}
    before = [
        activation for activation in dense if activation.layer in present
    ]  # the other layers were removed with their block
    if before:
        chart.add_scatter(
            x=[100 * activation.zeros for activation in before],
            y=[plain(activation.layer) for activation in before],
            mode="markers",
            name="dense",
            marker={"symbol": "line-ns-open", "size": 14, "color": NEUTRAL, "line": {"width": 2}},
            hovertemplate="%{y}: %{x:.1f} % zeros<extra>dense</extra>",
        )
    chart.update_xaxes(range=[0, 100])
    layer_axis(chart, [activation.layer for activation in desk])
    return chart


def activations_table(desk: Sequence[Activation]) -> list[Row]:
    """Return every layer's share of zeros, and who reads it."""
    return [
        {
            "layer": activation.layer,
            "read by": activation.reader,
            "share of zeros": activation.zeros,
            "channels": activation.channels,
            "always zero": activation.dead,
            "samples": activation.n,
        }
        for activation in desk
    ]
