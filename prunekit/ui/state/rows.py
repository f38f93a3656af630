"""The rows of the desk as plain values: what each layer's slider shows, and what moving it changes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from prunekit.pattern import Pattern
from prunekit.recipe import Recipe, kept_units
from prunekit.records import Group, Layer, Mode

if TYPE_CHECKING:
    from prunekit.graph import Structure
    from prunekit.verbs import Opened


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
        gone: fraction 0–1 that goes without its slider: dropped by hand, or weights that went with channels.
        level: where its slider stands, fraction 0–1; no lower than what is gone.
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
    gone: float
    level: float
    linked: tuple[str, ...] = ()
    reason: str = ""
    protected: bool = False

    @property
    def lowest(self) -> float:
        """How far down its slider goes."""
        return max(self.floor, self.gone)

    def sparsity_at(self, level: float) -> float:
        """Return the sparsity that its slider asks for at a level: none of its own where others took as much.

        A slider that stands still asks for what the recipe says, which counts again once a hand gives back the rest.
        """
        if level == self.level:
            return self.sparsity
        return self.floor if level <= self.gone else max(self.floor, level)


def desk_rows(opened: "Opened", recipe: Recipe, mode: Mode, base: Recipe | None = None) -> tuple[Row, ...]:
    """Return a row for every layer of a task's network, in execution order.

    Args:
        opened: the task.
        recipe: the desk's recipe.
        mode: what the sliders remove.
        base: recipe of the run the desk starts from.
    """
    from prunekit import verbs

    if mode is Mode.WEIGHTS:
        return rows(opened.structure, recipe, mode, base, weights=verbs.weights_left(opened, recipe))
    return rows(opened.structure, recipe, mode, base, available=verbs.available_units(opened, recipe))


def rows(
    structure: "Structure",
    recipe: Recipe,
    mode: Mode,
    base: Recipe | None = None,
    *,
    weights: Mapping[str, int] | None = None,
    available: Mapping[str, int] | None = None,
) -> tuple[Row, ...]:
    """Return a row for every layer, in execution order.

    Args:
        structure: the analysis of the dense network.
        recipe: the desk's recipe.
        mode: what the sliders remove.
        base: recipe of the run the desk starts from.
        weights: layer → weights that the channel cut leaves it, where that takes some.
        available: group → units that a hand has left of it, where it has dropped some.
    """
    if mode is Mode.WEIGHTS:
        floors, remaining = base.weights if base else {}, weights or {}
        return tuple(
            _weights_row(layer, recipe, floors.get(layer.name, 0.0), remaining.get(layer.name, prod(layer.shape)))
            for layer in structure.layers
        )
    floors, of_hand = base.channels if base else {}, available or {}
    groups = {layer.name: structure.group(layer.group) for layer in structure.layers}
    return tuple(
        _channels_row(name, group, recipe, floors.get(group.name, 0.0), of_hand.get(group.name, group.units))
        for name, group in groups.items()
    )


def moved(recipe: Recipe, mode: Mode, changes: Mapping[str, float]) -> Recipe:
    """Return the recipe with some groups' or layers' sparsity changed."""
    if mode is Mode.WEIGHTS:
        # The bars send numbers only, so that a pattern is kept until its bar has really moved.
        moves = {name: value for name, value in changes.items() if float(recipe.weights.get(name, 0.0)) != value}
        return replace(recipe, weights={**recipe.weights, **moves})
    return recipe.with_channels(**changes)


def _weights_row(layer: Layer, recipe: Recipe, floor: float, remaining: int) -> Row:
    weights = prod(layer.shape)
    sparsity, gone = max(floor, recipe.weights.get(layer.name, 0.0)), 1 - remaining / weights
    if isinstance(sparsity, Pattern):  # of what the channels leave
        kept = kept_units(remaining, sparsity)
        level = 1 - kept / weights
    else:
        kept = min(remaining, kept_units(weights, sparsity)) if sparsity > gone else remaining
        level = max(sparsity, gone)
    reason = f"{weights - remaining:,} of {weights:,} weights went with the channels already cut" if gone else ""
    return Row(layer.name, layer.name, weights, "weights", sparsity, floor, kept, gone, level, reason=reason)


def _channels_row(layer: str, group: Group, recipe: Recipe, floor: float, available: int) -> Row:
    sparsity, gone = max(floor, recipe.channels.get(group.name, 0.0)), 1 - available / group.units
    step = recipe.round_to.get(group.name, 1)
    kept = kept_units(group.units, max(sparsity, gone), step)
    if kept > available:
        kept = available // step * step or available
    return Row(
        layer=layer,
        cuts=group.name,
        pieces=group.units,
        unit=f"{group.kind}s",
        sparsity=sparsity,
        floor=floor,
        kept=max(kept, len(recipe.keep.get(group.name, ()))),
        gone=gone,
        level=max(sparsity, gone),
        linked=tuple(name for name in group.layers if name != layer),
        reason=group.protected or group.linked,
        protected=group.protected is not None,
    )
