"""Pins: groups and layers that a person wants left exactly as they are."""

from collections.abc import Collection

from prunekit.recipe import Recipe
from prunekit.records import Mode
from prunekit.subject.opening import Opened


def held(opened: Opened, recipe: Recipe, mode: Mode, pinned: Collection[str]) -> dict[str, float]:
    """Return at which sparsity each pinned part stays, by the structure's own names.

    Any member layer pins its group, a layer pins all that share its weight, and what is protected
    needs no pin.

    Args:
        opened: the task.
        recipe: a checked recipe, which says how sparse they are.
        mode: whether groups or layers are pinned.
        pinned: their names.

    Raises:
        RecipeError: there is no such group or layer.
    """
    structure = opened.structure
    if mode is Mode.CHANNELS:
        groups = [structure.group(name) for name in pinned]
        return {group.name: recipe.channels.get(group.name, 0.0) for group in groups if group.protected is None}
    weights = {structure.layer(name).weight for name in pinned}
    return {layer.name: recipe.weights.get(layer.name, 0.0) for layer in structure.layers if layer.weight in weights}
