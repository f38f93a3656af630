"""The cells of a scan: one group or layer cut alone at one level."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from prunekit.criteria import criterion_named
from prunekit.criteria.select import select
from prunekit.criteria.units import unit_scores
from prunekit.criteria.weights import layer_scores
from prunekit.cut.masks import ranks
from prunekit.graph.structure import Structure
from prunekit.program.cuts import Cut, without_channels, without_weights
from prunekit.recipe import Recipe, kept_units
from prunekit.records import Mode
from prunekit.search.question import Question


@dataclass(frozen=True, slots=True)
class Cell:
    """One group or layer cut alone.

    Attributes:
        name: the group or layer.
        level: the sparsity, a fraction 0–1.
        recipe: the question.
        kept: how many units or weights stay; cells of one name that keep as many are one network.
    """

    name: str
    level: float
    recipe: Recipe
    kept: int


def sizes(structure: Structure, mode: Mode) -> dict[str, int]:
    """Return what a mode can cut, in execution order, and of how many pieces each is made.

    Returns:
        Prunable group → units, or layer → weights.
    """
    if mode is Mode.CHANNELS:
        return {group.name: group.units for group in structure.prunable}
    return {layer.name: math.prod(layer.shape) for layer in structure.layers}


class Cells:
    """Makes the cut of any cell from scores that are computed once.

    Args:
        question: what is scanned, and how.

    Attributes:
        sizes: what is cut, in execution order, and of how many units or weights each is made.

    Raises:
        RecipeError: the criterion is unknown and there are no scores by it.
    """

    def __init__(self, question: Question) -> None:
        base = question.base
        self._recipe = Recipe(
            base.task, criterion=base.criterion, seed=base.seed, recalibrate=question.train is not None
        )
        if question.scores is None:
            criterion_named(base.criterion)
        every = sizes(question.structure, question.mode)
        self.sizes = {name: size for name, size in every.items() if question.names is None or name in question.names}
        self._question = question
        self._cells: dict[tuple[str, float], Cell] = {}
        self._ranks: dict[str, Tensor] = {}

    def at(self, levels: Sequence[float]) -> Iterator[Cell]:
        """Yield the cells of every name at each level in turn; each is made once, for every stage of a scan."""
        for level in levels:
            for name, size in self.sizes.items():
                if (name, level) not in self._cells:
                    cell = Cell(name, level, self._asking(name, level), kept_units(size, level))
                    self._cells[name, level] = cell
                yield self._cells[name, level]

    def cut(self, cell: Cell, state: Mapping[str, Tensor]) -> Cut:
        """Make a cell's cut.

        Args:
            cell: the cell.
            state: tensors by name of the network that is cut; its weights are the dense network's.
        """
        question = self._question
        if question.mode is Mode.CHANNELS:
            return without_channels(state, question.structure, self._kept(cell))
        weight = question.structure.layer(cell.name).weight
        if cell.name not in self._ranks:
            self._ranks[cell.name] = ranks(torch.from_numpy(self._scores[cell.name]))
        ranked = self._ranks[cell.name]
        return without_weights(state, {weight: ranked >= ranked.numel() - cell.kept})

    def _kept(self, cell: Cell) -> dict[str, tuple[int, ...]]:
        return select(self._question.structure, self._scores, cell.recipe)

    @cached_property
    def _scores(self) -> Mapping[str, NDArray[Any]]:
        question, recipe = self._question, self._recipe
        if question.scores is not None:
            return question.scores
        if question.mode is Mode.CHANNELS:
            return unit_scores(question.model, question.structure, recipe.criterion, seed=recipe.seed).values
        weights = {layer.name: layer.weight for layer in question.structure.layers if layer.name in self.sizes}
        scores = layer_scores(question.model, weights, recipe.criterion, seed=recipe.seed)
        return {name: values.numpy() for name, values in scores.items()}

    def _asking(self, name: str, level: float) -> Recipe:
        cut = {name: level}
        if self._question.mode is Mode.CHANNELS:
            return replace(self._recipe, channels=cut)
        return replace(self._recipe, weights=cut)
