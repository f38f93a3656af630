"""What all charts share: margins, transparent backgrounds, names that fit, and the chart without data."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from prunekit.figures.palette import KEPT, NEUTRAL

Row = dict[str, object]
"""One line of a chart's table twin."""

TITLE = 38
"""Height of the title in pixels."""


def figure(title: str, height: int, x: str = "", y: str = "", *, legend: bool = False) -> go.Figure:
    """Return an empty chart whose title asks its question; axis titles carry their units.

    Args:
        title: the question.
        height: pixels.
        x: title of the horizontal axis.
        y: title of the vertical axis.
        legend: put one below the title; the plot makes room for as many lines as it takes.
    """
    return go.Figure(
        layout={
            "title": {"text": title, "x": 0, "xanchor": "left", "y": 0.99, "yanchor": "top", "yref": "container"},
            "height": height,
            "margin": {"l": 8, "r": 8, "t": TITLE + 10, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "showlegend": legend,
            # Placed relative to the whole picture, the legend moves the plot down and never covers the title.
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1 - TITLE / height,
                "yref": "container",
                "yanchor": "top",
            },
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL, "activecolor": KEPT},
            "hoverlabel": {"namelength": -1},
            "xaxis": {"title": {"text": x}, "automargin": True},
            "yaxis": {"title": {"text": y}, "automargin": True},
        }
    )


def nothing_yet(title: str, advice: str, height: int = 240) -> go.Figure:
    """Return a chart without data that says what to do next."""
    chart = figure(title, height)
    chart.add_annotation(text=plain(advice), showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5)
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False)
    return chart


def row_height(rows: int, most: float = 24.0) -> float:
    """Return the height in pixels of each of many rows, lower the more there are, but never too low to be read.

    Example:
        >>> row_height(20), row_height(150)
        (24.0, 14.0)
    """
    return min(most, max(14.0, 1000 / rows))


def layer_axis(chart: go.Figure, layers: Sequence[str]) -> None:
    """Name the rows of a chart whose vertical axis is the layers, the first on top."""
    size = 12 if row_height(len(layers)) > 16 else 10
    chart.update_yaxes(
        autorange="reversed",
        tickvals=[plain(layer) for layer in layers],
        ticktext=[short(layer, 22) for layer in layers],
        tickfont={"size": size},
    )


def plain(name: str) -> str:
    """Write a user's name so that the chart shows it instead of reading it as markup, a formula or a template.

    Example:
        >>> plain("$x$ <b> %{y}")
        '&#36;x&#36; &lt;b&gt; %&#123;y}'
    """
    return html.escape(name, quote=False).replace("$", "&#36;").replace("%{", "%&#123;")


def short(name: str, most: int = 28) -> str:
    """Shorten a long name in its middle; the hover text has room for the whole name.

    Example:
        >>> short("features.stage3.block11.residual.conv2", 20)
        'features.s…ual.conv2'
    """
    if len(name) <= most:
        return plain(name)
    half = (most - 1) // 2
    return plain(f"{name[: most - 1 - half]}…{name[-half:]}")
