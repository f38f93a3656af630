"""The cells of a scan: one group or layer cut alone at one level."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from prunekit.criteria.select import select
from prunekit.criteria.units import Scores, unit_scores
from prunekit.criteria.weights import layer_scores
from prunekit.graph.structure import Structure
from prunekit.measure.masks import keep_highest
from prunekit.measure.program import Cut, without_channels, without_weights
from prunekit.measure.validate import check_recipe
from prunekit.recipe import Recipe, kept_units
from prunekit.records import Mode


@dataclass(frozen=True, slots=True)
class Cell:
    """One group or layer cut alone.

    Attributes:
        name: the group or layer.
        level: sparsity asked, a fraction 0–1.
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
        model: the dense network, whose weights are scored.
        structure: its analysis.
        mode: what is cut.
        question: recipe that gives task, criterion, seed and recalibration.
        gradients: parameter name → loss gradients, for ``taylor``.
    """

    def __init__(
        self,
        model: nn.Module,
        structure: Structure,
        mode: Mode,
        question: Recipe,
        gradients: Mapping[str, Tensor] | None = None,
    ) -> None:
        check_recipe(question, structure)
        self.sizes = sizes(structure, mode)
        self._model, self._structure, self._mode = model, structure, mode
        self._question, self._gradients = question, gradients
        self._units: Scores | None = None
        self._weights: dict[str, Tensor] = {}

    def at(self, levels: Sequence[float]) -> Iterator[Cell]:
        """Yield the cells of every name at each level in turn."""
        for level in levels:
            for name, size in self.sizes.items():
                yield Cell(name, level, self._recipe(name, level), kept_units(size, level))

    def cut(self, cell: Cell, state: Mapping[str, Tensor]) -> Cut:
        """Make a cell's cut.

        Args:
            cell: the cell.
            state: tensors by name of the network that is cut; its weights are the dense network's.
        """
        if self._mode is Mode.CHANNELS:
            return without_channels(state, self._structure, self._kept(cell))
        weight = self._structure.layer(cell.name).weight
        if cell.name not in self._weights:
            question = self._question
            self._weights |= layer_scores(
                self._model, {cell.name: weight}, question.criterion, gradients=self._gradients, seed=question.seed
            )
        return without_weights(state, {weight: keep_highest(self._weights[cell.name], cell.kept)})

    def _kept(self, cell: Cell) -> dict[str, tuple[int, ...]]:
        if self._units is None:
            question = self._question
            self._units = unit_scores(
                self._model, self._structure, question.criterion, gradients=self._gradients, seed=question.seed
            )
        return select(self._structure, self._units.values, cell.recipe)

    def _recipe(self, name: str, level: float) -> Recipe:
        cut = {name: level}
        if self._mode is Mode.CHANNELS:
            return replace(self._question, channels=cut)
        return replace(self._question, weights=cut)
