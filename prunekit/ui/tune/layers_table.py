"""Every layer before and after the desk's cut."""

from typing import TYPE_CHECKING

from prunekit.records import Mode
from prunekit.ui.state.reading import base_recipe, desk_recipe
from prunekit.ui.state.rows import desk_rows

if TYPE_CHECKING:
    from prunekit.ui.widgets.table import Rows
    from prunekit.verbs import Opened


def layers_table(opened: "Opened") -> "Rows":
    """Return a row for every layer: what it costs dense, what it costs now, what is left of it."""
    from prunekit import verbs

    structure, recipe = opened.structure, desk_recipe(opened)
    levels = {row.layer: row.level for row in desk_rows(opened, recipe, Mode.CHANNELS, base_recipe(opened))}
    return [
        {
            "layer": layer.name,
            "group": layer.group,
            "sparsity": max(levels[layer.name], recipe.weights.get(layer.name, 0.0)),
            "parameters before": layer.params,
            "parameters now": params,
            "MACs before": layer.macs,
            "MACs now": macs,
            "parameters left": round(params / layer.params, 3) if layer.params else 1.0,
        }
        for layer, (params, macs) in zip(structure.layers, verbs.layer_costs(opened, recipe), strict=True)
    ]
