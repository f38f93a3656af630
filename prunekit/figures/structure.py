"""Charts of a network's structure: how large each layer is, and how the layers are connected."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from prunekit.figures.layout import Row, figure, nothing_yet, plain, short
from prunekit.figures.palette import AREA, GROUPS, NEUTRAL
from prunekit.figures.wiring import Place, arc, bracket, edges, frame, lanes, levels, lines
from prunekit.records import Block, Group, Layer, Proof

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
    chart = figure(title, 420)
    paths, leaves = list(sizes), {tuple(layer.name.split(".")) for layer in layers}
    chart.add_treemap(
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
    return chart


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


def groups_table(groups: Sequence[Group], proofs: Sequence[Proof] = ()) -> list[Row]:
    """Return every group with the way it can be cut, the reason for that, and the result of its check."""
    proof_of = {proof.group: proof for proof in proofs}
    return [
        {
            "group": group.name,
            "units": group.units,
            "a unit is": "a head" if group.kind == "head" else "a channel",
            "can be cut": "no" if group.protected else "in an exported .pt2" if group.graph_only else "yes",
            "checked": _checked(proof_of.get(group.name)),
            "because": group.protected or group.graph_only,
        }
        for group in groups
    ]


def _checked(proof: Proof | None) -> str:
    if proof is None or proof.error is None:
        return ""
    verdict = "exact" if proof.exact else "NOT EXACT"
    return f"{verdict}: {proof.removed} of {proof.units} removed, largest difference {proof.error:.0e}"


def diagram(
    layers: Sequence[Layer],
    groups: Sequence[Group],
    links: Sequence[tuple[str, str]],
    blocks: Sequence[Block] = (),
    sparsity: Mapping[str, float] | None = None,
) -> go.Figure:
    """Draw the layers in execution order, which feeds which, which are cut together, and the blocks.

    Branches that run beside each other have a lane each.

    Args:
        layers: the layers.
        groups: their groups; brackets above join the layers of one group.
        links: edges from layer to layer.
        blocks: parts that could be removed whole, drawn as frames.
        sparsity: colours the layers by the sparsity of their group; by their share of the MACs for ``None``.
    """
    title = "How do the layers hang together?"
    if not layers:
        return nothing_yet(title, "This network has no layer with weights.")
    lane = lanes(layers, links)
    places = {layer.name: (index, -lane[layer.name]) for index, layer in enumerate(layers)}
    stack = levels(groups, {name: x for name, (x, _) in places.items()})
    top = max(stack.values(), default=0)
    chart = figure(title, 360 + 70 * max(lane.values()) + 30 * top, legend=True)
    feeds, joins = edges(layers, links, lane)
    occupied = set(places.values())
    for name, pairs, dash in (("feeds", feeds, "solid"), ("joins the output of", joins, "dot")):
        if not pairs:
            continue  # the legend would name a line that is nowhere
        xs, ys = lines([arc(places[start], places[end], occupied) for start, end in pairs])
        chart.add_scatter(
            x=xs, y=ys, mode="lines", name=name, line={"color": NEUTRAL, "width": 1.5, "dash": dash}, hoverinfo="skip"
        )
    _brackets(chart, groups, places, stack)
    _frames(chart, blocks, places)
    chart.add_trace(_marks(layers, places, sparsity))
    chart.update_layout(
        xaxis={
            "tickvals": list(range(len(layers))),
            "ticktext": [short(layer.name, 22) for layer in layers],
            "tickangle": -60,
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={"visible": False, "range": [-max(lane.values()) - 0.8, 0.8 + 0.3 * top]},
    )
    return chart


def _marks(layers: Sequence[Layer], places: Mapping[str, Place], sparsity: Mapping[str, float] | None) -> go.Scatter:
    total = sum(layer.macs for layer in layers) or 1
    shade = [sparsity.get(layer.group, 0.0) if sparsity is not None else layer.macs / total for layer in layers]
    return go.Scatter(
        x=[places[layer.name][0] for layer in layers],
        y=[places[layer.name][1] for layer in layers],
        mode="markers",
        marker={
            "symbol": ["square" if layer.protected else "circle" for layer in layers],
            "size": 17 if len(layers) <= 30 else 11,
            "color": [100 * value for value in shade],
            "cmin": 0,
            "cmax": 100 if sparsity is not None else 100 * max(shade),
            "colorscale": AREA,
            "line": {"width": 1.5, "color": NEUTRAL},
            "colorbar": {"title": {"text": "sparsity, %" if sparsity is not None else "% of MACs"}, "thickness": 12},
        },
        name="layer (square: protected)",
        customdata=[layer.name for layer in layers],
        text=[_about(layer) for layer in layers],
        hovertemplate="%{text}<extra></extra>",
    )


def _brackets(chart: go.Figure, groups: Sequence[Group], places: Mapping[str, Place], stack: Mapping[str, int]) -> None:
    """Join the layers that are cut together by a bracket above them: one trace for each colour."""
    tied = [group for group in groups if group.name in stack]
    for index, colour in enumerate(GROUPS[: len(tied)]):
        own = tied[index :: len(GROUPS)]
        pieces = [bracket([places[name] for name in group.layers], 0.6 + 0.3 * stack[group.name]) for group in own]
        xs, ys = lines(pieces)
        text = [f"{plain(group.name)}: {plain(group.linked)}" for group in own]
        chart.add_scatter(
            x=xs,
            y=ys,
            mode="lines",
            line={"color": colour, "width": 2.5},
            name="cut together",
            legendgroup="tied",
            showlegend=index == 0,
            text=[words for words, piece in zip(text, pieces, strict=True) for _ in range(len(piece) + 1)],
            hovertemplate="%{text}<extra></extra>",
        )


def _frames(chart: go.Figure, blocks: Sequence[Block], places: Mapping[str, Place]) -> None:
    pieces = [frame([places[name] for name in block.layers]) for block in blocks]
    if pieces:
        xs, ys = lines(pieces)
        chart.add_scatter(
            x=xs,
            y=ys,
            mode="lines",
            line={"color": NEUTRAL, "dash": "dash", "width": 1},
            name="block: can be removed whole",
            text=[plain(block.name) for block in blocks for _ in range(6)],
            hovertemplate="block %{text}<extra></extra>",
        )


def _about(layer: Layer) -> str:
    shape = "×".join(map(str, layer.shape))
    fate = f"protected: {plain(layer.protected)}" if layer.protected else f"group {plain(layer.group)}"
    counts = f"{layer.params:,} parameters, {layer.macs:,} MACs"
    return f"{plain(layer.name)}<br>{plain(layer.op)} {shape}<br>{counts}<br>{fate}"
