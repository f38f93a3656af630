"""The network a recipe asks for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from prunekit.criteria.select import cut_groups, select
from prunekit.criteria.units import Scores, unit_scores
from prunekit.criteria.weights import layer_scores
from prunekit.cut.masks import keep_highest, keep_pattern, zero
from prunekit.cut.precision import Precision, cost_of, precisions
from prunekit.cut.validate import check_recipe
from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.shrink import shrink, slice_state
from prunekit.graph.structure import Structure
from prunekit.graph.trace import named_tensors
from prunekit.pattern import Pattern
from prunekit.recipe import Recipe, kept_units
from prunekit.records import Cost


@dataclass(frozen=True, slots=True, eq=False)
class CutState:
    """A network's tensors as a recipe cuts them, before a module holds them.

    Attributes:
        tensors: every parameter and buffer by name; the network's own where nothing was cut.
        kept: group → kept unit numbers of the dense network, for each group that was cut.
        masks: parameter name → mask of its weights that are not zeroed, in the smaller shape.
        cost: exact counts.
        notes: remarks a person should read.
        precisions: parameter name → how it is stored, for each that is quantised.
    """

    tensors: Mapping[str, Tensor]
    kept: Mapping[str, tuple[int, ...]]
    masks: Mapping[str, Tensor]
    cost: Cost
    notes: tuple[str, ...] = ()
    precisions: Mapping[str, Precision] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Pruned:
    """The answer to a recipe.

    Attributes:
        model: the really smaller network, of the user's own class.
        kept: group → kept unit numbers of the dense network, for each group that was cut.
        masks: parameter name → mask of its weights that are not zeroed, in the smaller shape.
        cost: exact counts.
        notes: remarks a person should read.
        precisions: parameter name → how it is stored, for each that is quantised.
        levels: module path → scale and zero of the eight-bit grid that its input is rounded to.
        replaced: module path → what stands in for it since a block was removed.
    """

    model: nn.Module
    kept: Mapping[str, tuple[int, ...]]
    masks: Mapping[str, Tensor]
    cost: Cost
    notes: tuple[str, ...] = ()
    precisions: Mapping[str, Precision] = field(default_factory=dict)
    levels: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    replaced: tuple[tuple[str, str], ...] = ()


def prune(
    model: nn.Module,
    structure: Structure,
    recipe: Recipe,
    *,
    scores: Scores | None = None,
    gradients: Mapping[str, Tensor] | None = None,
    norms: Mapping[str, Tensor] | None = None,
    allowed: Mapping[str, Sequence[int]] | None = None,
) -> Pruned:
    """Make the network a recipe asks for; see ``cut_state`` for the arguments.

    Raises:
        RecipeError: the recipe does not fit the network.
    """
    state = cut_state(model, structure, recipe, scores=scores, gradients=gradients, norms=norms, allowed=allowed)
    return module_of(model, structure, state)


def module_of(model: nn.Module, structure: Structure, state: CutState) -> Pruned:
    """Put the cut tensors of a network into a module of its class."""
    smaller = shrink(model, structure, state.kept)
    zero(smaller, state.masks)
    tensors = dict(named_tensors(smaller))
    with torch.no_grad():
        for name in state.precisions:
            tensors[name].copy_(state.tensors[name])
    return Pruned(smaller, state.kept, state.masks, state.cost, state.notes, state.precisions)


def cut_state(
    model: nn.Module,
    structure: Structure,
    recipe: Recipe,
    *,
    scores: Scores | None = None,
    gradients: Mapping[str, Tensor] | None = None,
    norms: Mapping[str, Tensor] | None = None,
    allowed: Mapping[str, Sequence[int]] | None = None,
) -> CutState:
    """Cut a network's tensors as a recipe asks: channels first, then single weights are zeroed.

    All scores come from the weights given, never from a half-cut network. Sparsity of weights, too,
    is a fraction of the dense layer: weights that left with a channel count as removed. The tensors
    returned are not quantised; the counts are those of the quantised network.

    Args:
        model: the network to cut, in the dense shapes; it is not changed. For a base run, its
            weights at their dense positions.
        structure: the analysis of the dense network.
        recipe: the question.
        scores: scores of the units, where they are known already.
        gradients: parameter name → loss gradients, for ``taylor``.
        norms: weight's name → norms of its inputs in its shape, for ``wanda``.
        allowed: the units a base run still has, of each group it cut.

    Raises:
        RecipeError: the recipe does not fit the network.
    """
    recipe = check_recipe(recipe, structure, allowed)
    if scores is None and cut_groups(recipe):
        scores = unit_scores(model, structure, recipe.criterion, gradients=gradients, norms=norms, seed=recipe.seed)
    kept = select(structure, scores.values if scores else {}, recipe, allowed)
    whole = dict(named_tensors(model))
    cut = {name: whole[name].detach() for name in structure.kept_positions(kept)}
    tensors = {**whole, **slice_state(cut, structure, kept)}
    masks = _masks(model, structure, recipe, kept, gradients, norms)
    tensors |= {name: tensors[name].detach().masked_fill(~mask, 0.0) for name, mask in masks.items()}
    return CutState(
        tensors=tensors,
        kept=kept,
        masks=masks,
        cost=cost_of(structure, recipe, {group: len(units) for group, units in kept.items()}),
        notes=(*_whole(structure, recipe), *(scores.notes if scores else ())),
        precisions=precisions(structure, recipe),
    )


def _masks(
    model: nn.Module,
    structure: Structure,
    recipe: Recipe,
    kept: Mapping[str, Sequence[int]],
    gradients: Mapping[str, Tensor] | None,
    norms: Mapping[str, Tensor] | None,
) -> dict[str, Tensor]:
    tensors = {name: structure.layer(name).weight for name in recipe.weights}
    scores = layer_scores(model, tensors, recipe.criterion, gradients=gradients, norms=norms, seed=recipe.seed)
    masks: dict[str, Tensor] = {}
    for layer, weight in tensors.items():
        remaining = slice_state({weight: scores[layer]}, structure, kept)[weight]
        dense = math.prod(structure.layer(layer).shape)
        sparsity = recipe.weights[layer]
        if isinstance(sparsity, Pattern):
            mask = keep_pattern(remaining, sparsity, 1 - OUTPUT_DIM[structure.layer(layer).op])
        else:
            mask = keep_highest(remaining, kept_units(dense, sparsity))
        masks[weight] = masks[weight] & mask if weight in masks else mask
    return masks


def _whole(structure: Structure, recipe: Recipe) -> list[str]:
    """Say which groups stay whole although the recipe cuts them: they have fewer units than one multiple."""
    steps = {name: recipe.round_to.get(name, 1) for name in recipe.channels}
    return [
        f"Group {name!r} stays whole: it has {units} units, and multiples of {step} were asked."
        for name, step in steps.items()
        if step > (units := structure.group(name).units)
    ]
