"""A convolution's kernels as small images."""

import math

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, plain
from prunekit.figures.palette import SIGNED
from prunekit.records import Kernels


def kernels(layer_kernels: Kernels) -> go.Figure:
    """Draw the kernels of each output channel as one image, its input channels one below the other.

    All of them are one heatmap. The crosses mark what a recipe removes; the ``customdata`` of every
    mark is its channel's number as text, removed or not, so each can be clicked.

    Args:
        layer_kernels: the kernels.
    """
    some = len(layer_kernels.values)
    of = "" if some == layer_kernels.channels else f" (the first {some} of {layer_kernels.channels})"
    inputs, rows, columns = (
        len(part) for part in (layer_kernels.values[0], layer_kernels.values[0][0], layer_kernels.values[0][0][0])
    )
    high, wide = inputs * rows + 1, columns + 1  # one blank line between two images
    across = _across(some, high / wide)
    lines = math.ceil(some / across)
    z: list[list[float | None]] = [[None] * (across * wide - 1) for _ in range(lines * high - 1)]
    text = [[""] * (across * wide - 1) for _ in range(lines * high - 1)]
    for channel, images in enumerate(layer_kernels.values):
        line, place = divmod(channel, across)
        for i, row in enumerate(row for image in images for row in image):
            start = place * wide
            z[line * high + i][start : start + columns] = row
            text[line * high + i][start : start + columns] = [f"channel {channel}, input {i // rows}"] * columns
    reach = max(abs(value) for images in layer_kernels.values for image in images for row in image for value in row)
    height = max(200, 90 + round(440 * len(z) / len(z[0])))
    chart = figure(f"What do the kernels of {plain(layer_kernels.layer)} look for{of}?", height)
    chart.add_heatmap(
        z=z,
        text=text,
        zmin=-(reach or 1.0),
        zmax=reach or 1.0,
        colorscale=SIGNED,
        hoverongaps=False,
        colorbar={"title": "weight", "thickness": 12},
        hovertemplate="%{text}: %{z:.4f}<extra></extra>",
    )
    marks = {"symbol": "x", "color": "black", "line": {"width": 1.5, "color": "white"}}
    chart.add_scatter(
        x=[channel % across * wide + (columns - 1) / 2 for channel in range(some)],
        y=[channel // across * high + (inputs * rows - 1) / 2 for channel in range(some)],
        mode="markers",
        marker={**marks, "size": 11, "opacity": [0.0 if stays else 1.0 for stays in layer_kernels.kept]},
        customdata=[str(channel) for channel in range(some)],
        hovertemplate=[
            f"channel {i}: {'kept' if s else 'removed'}<extra></extra>" for i, s in enumerate(layer_kernels.kept)
        ],
        showlegend=False,
    )
    chart.update_xaxes(visible=False, constrain="domain")
    chart.update_yaxes(visible=False, autorange="reversed", scaleanchor="x")
    return chart


def _across(images: int, tall: float) -> int:
    """Return how many images stand side by side, for a grid half again as wide as it is high.

    Args:
        images: how many there are.
        tall: height of one over its width.

    Example:
        >>> _across(16, 2.5), _across(64, 2.5), _across(4, 1.0)
        (8, 15, 4)
    """
    return min(images, max(8, round(math.sqrt(1.5 * images * tall))))


def kernels_table(layer_kernels: Kernels) -> list[Row]:
    """Return every kernel's weights, row by row."""
    return [
        {
            "channel": channel,
            "input": i,
            "kept": layer_kernels.kept[channel],
            "weights": " / ".join(" ".join(f"{value:.4g}" for value in row) for row in image),
        }
        for channel, images in enumerate(layer_kernels.values)
        for i, image in enumerate(images)
    ]
