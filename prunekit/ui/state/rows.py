"""The rows of the desk as plain values: what each layer's slider shows, and what moving it changes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from prunekit.recipe import Recipe, kept_units
from prunekit.records import Group, Layer, Mode

if TYPE_CHECKING:
    from prunekit.graph import Structure


@dataclass(frozen=True, slots=True)
class Row:
    """One layer's place on the desk.

    Attributes:
        layer: name of the layer.
        cuts: the group or layer that its slider cuts.
        pieces: how many units or weights that has.
        unit: the plural name of its pieces, such as ``weights``.
        sparsity: fraction 0–1 of them that the recipe removes.
        floor: what its base run has already removed; nothing brings that back.
        kept: pieces that stay.
        linked: the layers that move with it.
        reason: why they do, or why it cannot move.
        protected: whether it cannot be cut.
    """

    layer: str
    cuts: str
    pieces: int
    unit: str
    sparsity: float
    floor: float
    kept: int
    linked: tuple[str, ...] = ()
    reason: str = ""
    protected: bool = False


def rows(structure: "Structure", recipe: Recipe, mode: Mode, base: Recipe | None = None) -> tuple[Row, ...]:
    """Return a row for every layer, in execution order.

    Args:
        structure: the analysis of the dense network.
        recipe: the desk's recipe.
        mode: what the sliders remove.
        base: recipe of the run the desk starts from.
    """
    if mode is Mode.WEIGHTS:
        floors = base.weights if base else {}
        return tuple(_weights_row(layer, recipe, floors.get(layer.name, 0.0)) for layer in structure.layers)
    floors = base.channels if base else {}
    groups = {layer.name: structure.group(layer.group) for layer in structure.layers}
    return tuple(_channels_row(name, group, recipe, floors.get(group.name, 0.0)) for name, group in groups.items())


def moved(recipe: Recipe, mode: Mode, changes: Mapping[str, float]) -> Recipe:
    """Return the recipe with some groups' or layers' sparsity changed."""
    if mode is Mode.WEIGHTS:
        # The bars send numbers only, so that a pattern is kept until its bar has really moved.
        moves = {name: value for name, value in changes.items() if float(recipe.weights.get(name, 0.0)) != value}
        return replace(recipe, weights={**recipe.weights, **moves})
    return recipe.with_channels(**changes)


def _weights_row(layer: Layer, recipe: Recipe, floor: float) -> Row:
    weights = prod(layer.shape)
    sparsity = max(floor, recipe.weights.get(layer.name, 0.0))
    return Row(layer.name, layer.name, weights, "weights", sparsity, floor, kept_units(weights, sparsity))


def _channels_row(layer: str, group: Group, recipe: Recipe, floor: float) -> Row:
    sparsity = max(floor, recipe.channels.get(group.name, 0.0))
    kept = kept_units(group.units, sparsity, recipe.round_to.get(group.name, 1))
    return Row(
        layer=layer,
        cuts=group.name,
        pieces=group.units,
        unit=f"{group.kind}s",
        sparsity=sparsity,
        floor=floor,
        kept=kept,
        linked=tuple(name for name in group.layers if name != layer),
        reason=group.protected or group.linked,
        protected=group.protected is not None,
    )
