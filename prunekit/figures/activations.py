"""How much of what layers hand on is zero."""

from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import KEPT
from prunekit.records import Activation


def activations(found: Sequence[Activation]) -> go.Figure:
    """Draw the share of zeros in every layer's output; channels that are always zero are named beside it."""
    title = "How much of each layer's output is zero?"
    if not found:
        return nothing_yet(title, "No layer of this network hands its output on to a convolution or linear layer.")
    made = figure(title, 110 + 24 * len(found), f"share of zeros on {found[0].n:,} samples, %")
    names = [plain(activation.layer) for activation in found]
    made.add_bar(
        x=[100 * activation.zeros for activation in found],
        y=names,
        orientation="h",
        marker={"color": KEPT},
        text=[f"{activation.dead} always zero" if activation.dead else "" for activation in found],
        textposition="outside",
        cliponaxis=False,
        customdata=[activation.layer for activation in found],
        hovertext=[
            f"as {plain(activation.reader)} reads it: {activation.dead} of {activation.channels} channels always zero"
            for activation in found
        ],
        hovertemplate="%{y}: %{x:.1f} % zeros<br>%{hovertext}<extra></extra>",
    )
    made.update_xaxes(range=[0, 100])
    made.update_yaxes(autorange="reversed", tickvals=names, ticktext=[short(entry.layer) for entry in found])
    return made


def activations_table(found: Sequence[Activation]) -> list[Row]:
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
        for activation in found
    ]
