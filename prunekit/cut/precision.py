"""How many bits a recipe's weights take, and the bytes of a network that stores them so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from prunekit.graph.formula import Formula
from prunekit.graph.layers import OUTPUT_DIM
from prunekit.graph.structure import Structure
from prunekit.recipe import FrozenMap, Recipe
from prunekit.records import Cost

SINGLE = 4
"""Bytes of a single-precision number, such as each output channel's scale."""


@dataclass(frozen=True, slots=True)
class Precision:
    """How a weight is stored.

    Attributes:
        bits: one of ``BITS``.
        dim: dimension of the weight that has one scale for each position, its output channels.
        zeros: the weight has zeros that stay; binary codes, which know no zero, then take two bits.
    """

    bits: int
    dim: int
    zeros: bool = False

    @property
    def stored(self) -> int:
        """Bits that one weight takes in a file."""
        return 2 if self.bits == 1 and self.zeros else self.bits

    @property
    def scaled(self) -> bool:
        """Whether the weight is whole numbers times a scale; half precision is not."""
        return self.bits < 16


def precisions(structure: Structure, recipe: Recipe) -> dict[str, Precision]:
    """Return how a recipe stores each weight that it quantises, by the weight's name."""
    stored = {}
    for name, bits in recipe.bits.items():
        layer = structure.layer(name)
        stored[layer.weight] = Precision(bits, OUTPUT_DIM[layer.op], name in recipe.weights)
    return stored


def cost_of(structure: Structure, recipe: Recipe, kept: Mapping[str, int]) -> Cost:
    """Count the network that keeps so many units of each group and stores its weights as a recipe says."""
    return stored_formula(structure, recipe).cost(kept)


def stored_formula(structure: Structure, recipe: Recipe) -> Formula:
    """Return the closed formulas of a structure with the bytes that the recipe's bits leave."""
    if not recipe.bits:
        return structure.formula
    return _formula(structure, FrozenMap(precisions(structure, recipe)))


@lru_cache(maxsize=64)
def _formula(structure: Structure, stored: FrozenMap[Precision]) -> Formula:
    """Count a quantised weight by its bits, and the scales of its output channels beside it."""
    formula = structure.formula
    weights = formula.weights.copy()
    terms, groups = weights.shape[1], len(formula.names)
    scales = []
    for name, precision in stored.items():
        term = formula.tensors.index(name)
        entries = weights[0, term] or weights[2, term] / SINGLE  # a buffer is no parameter
        weights[2, term] = entries * precision.stored / 8
        if precision.scaled:
            owners = structure.group_of[structure.atoms[name][precision.dim]]
            row = np.zeros(groups + 1)
            row[:-1] = np.bincount(owners[owners >= 0], minlength=groups) / np.maximum(formula.units, 1)
            row[-1] = (owners < 0).sum()
            scales.append(row)
    one = np.zeros(groups + 1)
    one[-1] = 1.0
    table = formula.factors.reshape(-1, terms, groups + 1)
    more = np.stack([np.stack(scales), *(np.tile(one, (len(scales), 1)) for _ in table[1:])]) if scales else None
    return replace(
        formula,
        factors=(table if more is None else np.concatenate([table, more], axis=1)).reshape(-1, groups + 1),
        weights=np.concatenate([weights, np.tile([[0.0], [0.0], [float(SINGLE)]], (1, len(scales)))], axis=1),
        owners=np.concatenate([formula.owners, np.full(len(scales), -1)]),
    )
