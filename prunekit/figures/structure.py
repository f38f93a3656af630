"""Charts of a network's build: where its weight lies, and how its layers hang together."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import AREA, GROUPS, HARM, NEUTRAL
from prunekit.records import Block, Group, Layer

UNITS = {"params": "parameters", "macs": "MACs"}


def treemap(layers: Sequence[Layer], what: str = "params") -> go.Figure:
    """Draw every layer as an area, nested by module path.

    Args:
        layers: the layers.
        what: ``params`` or ``macs``.
    """
    title = f"Where are the {UNITS[what]}?"
    if not layers:
        return nothing_yet(title, "This network has no layer with weights.")
    sizes: dict[tuple[str, ...], int] = {(): 0}
    for layer in layers:
        path = tuple(layer.name.split("."))
        for depth in range(len(path) + 1):
            sizes[path[:depth]] = sizes.get(path[:depth], 0) + getattr(layer, what)
    made = figure(title, 420)
    paths, leaves = list(sizes), {tuple(layer.name.split(".")) for layer in layers}
    made.add_treemap(
        ids=["/".join(("net", *path)) for path in paths],
        labels=[plain(path[-1]) if path else "network" for path in paths],
        parents=["/".join(("net", *path[:-1])) if path else "" for path in paths],
        values=[sizes[path] for path in paths],
        branchvalues="total",
        customdata=[plain(".".join(path)) or "network" for path in paths],
        hovertemplate="%{customdata}<br>%{value:,} " + UNITS[what] + "<br>%{percentRoot:.1%}<extra></extra>",
        marker={
            "colors": [sizes[path] if path in leaves else 0 for path in paths],
            "colorscale": AREA,
            "cmin": 0,
            "line": {"width": 1, "color": "white"},
        },
        tiling={"pad": 3},
    )
    return made


def layers_table(layers: Sequence[Layer]) -> list[Row]:
    """Return every layer with its shape, its counts, its group and why it cannot be cut."""
    return [
        {
            "layer": layer.name,
            "operation": layer.op,
            "shape": " × ".join(map(str, layer.shape)),
            "parameters": layer.params,
            "MACs": layer.macs,
            "group": layer.group,
            "protected": layer.protected or "",
        }
        for layer in layers
    ]


def diagram(
    layers: Sequence[Layer],
    groups: Sequence[Group],
    links: Sequence[tuple[str, str]],
    blocks: Sequence[Block] = (),
    sparsity: Mapping[str, float] | None = None,
) -> go.Figure:
    """Draw the layers in execution order, what feeds what, which are cut together, and the blocks.

    Args:
        layers: the layers.
        groups: their groups; arcs above join the layers of one group.
        links: edges from layer to layer, drawn below.
        blocks: parts that could be removed whole, drawn as frames.
        sparsity: colours the layers by the sparsity of their group; by their share of the MACs for ``None``.
    """
    title = "How do the layers hang together?"
    if not layers:
        return nothing_yet(title, "This network has no layer with weights.")
    place = {layer.name: index for index, layer in enumerate(layers)}
    made = figure(title, 430, legend=True)
    lines_x: list[float | None] = []
    lines_y: list[float | None] = []
    for start, end in links:
        xs, ys = _arc(place[start], place[end], -1 if place[end] - place[start] > 1 else 0)
        lines_x += [*xs, None]
        lines_y += [*ys, None]
    made.add_scatter(
        x=lines_x, y=lines_y, mode="lines", line={"color": NEUTRAL, "width": 1.2}, name="feeds", hoverinfo="skip"
    )
    _couplings(made, groups, place)
    for block in blocks:
        xs_of = [place[name] for name in block.layers]
        made.add_shape(
            type="rect",
            x0=min(xs_of) - 0.4,
            x1=max(xs_of) + 0.4,
            y0=-0.16,
            y1=0.16,
            line={"color": NEUTRAL, "dash": "dot", "width": 1.2},
        )
    total = sum(layer.macs for layer in layers) or 1
    shade = [sparsity.get(layer.group, 0.0) if sparsity is not None else layer.macs / total for layer in layers]
    made.add_scatter(
        x=list(range(len(layers))),
        y=[0.0] * len(layers),
        mode="markers",
        marker={
            "symbol": ["square" if layer.protected else "circle" for layer in layers],
            "size": 17 if len(layers) <= 30 else 11,
            "color": [100 * value for value in shade],
            "cmin": 0,
            "cmax": 100 if sparsity is not None else 100 * max(shade),
            "colorscale": HARM,
            "line": {"width": 1.5, "color": NEUTRAL},
            "colorbar": {"title": "sparsity, %" if sparsity is not None else "% of MACs", "thickness": 12},
        },
        name="layer (square: protected)",
        customdata=[layer.name for layer in layers],
        text=[_about(layer) for layer in layers],
        hovertemplate="%{text}<extra></extra>",
    )
    made.update_xaxes(
        tickvals=list(range(len(layers))),
        ticktext=[short(layer.name, 22) for layer in layers],
        tickangle=-60,
        showgrid=False,
        zeroline=False,
    )
    made.update_yaxes(visible=False)
    return made


def _couplings(made: go.Figure, groups: Sequence[Group], place: Mapping[str, int]) -> None:
    """Join the layers that are cut together by arcs above them."""
    tied = [group for group in groups if len(group.layers) > 1]
    for index, group in enumerate(tied):
        xs: list[float | None] = []
        ys: list[float | None] = []
        for start, end in zip(group.layers, group.layers[1:], strict=False):
            arc_x, arc_y = _arc(place[start], place[end], 1)
            xs += [*arc_x, None]
            ys += [*arc_y, None]
        made.add_scatter(
            x=xs,
            y=ys,
            mode="lines",
            line={"color": GROUPS[index % len(GROUPS)], "width": 2.5},
            name="cut together",
            legendgroup="tied",
            showlegend=index == 0,
            text=f"{plain(group.name)}: {plain(group.linked)}",
            hovertemplate="%{text}<extra></extra>",
        )


def _arc(start: int, end: int, side: int) -> tuple[list[float], list[float]]:
    """Return a flat line, or an arc above or below that rises with the distance."""
    steps = [i / 12 for i in range(13)]
    height = side * (0.15 + 0.22 * abs(end - start) ** 0.5)
    return [start + (end - start) * t for t in steps], [height * 4 * t * (1 - t) for t in steps]


def _about(layer: Layer) -> str:
    shape = "×".join(map(str, layer.shape))
    fate = f"protected: {plain(layer.protected)}" if layer.protected else f"group {plain(layer.group)}"
    counts = f"{layer.params:,} parameters, {layer.macs:,} MACs"
    return f"{plain(layer.name)}<br>{plain(layer.op)} {shape}<br>{counts}<br>{fate}"
