"""What the counts of a desk follow from, as plain values for the browser."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prunekit.recipe import Recipe
from prunekit.records import Cost, Mode

if TYPE_CHECKING:
    from prunekit.graph import Structure
    from prunekit.graph.formula import Formula


def groups(
    structure: "Structure",
    recipe: Recipe,
    allowed: Mapping[str, Sequence[int]],
    mode: Mode,
    without_blocks: "Structure | None" = None,
) -> list[dict[str, Any]]:
    """Describe all that the count of each group depends on, in the order of the formula.

    Args:
        structure: the analysis of the dense network, whose groups the bars are named by.
        recipe: the desk's recipe, without its removed blocks.
        allowed: the units its base still has.
        mode: what the sliders remove.
        without_blocks: the analysis of the network without its removed blocks; the whole one's where none is.
    """
    described = []
    for group in (without_blocks or structure).groups:
        alive = allowed.get(group.name, range(group.units))
        dropped = recipe.drop.get(group.name, ())
        described.append(
            {
                "name": structure.group(group.layers[0]).name,
                "units": group.units,
                "step": recipe.round_to.get(group.name, 1),
                "left": len(alive),
                "available": len(set(alive) - set(dropped)),
                "hand": len(recipe.keep.get(group.name, ())),
                "sparsity": recipe.channels.get(group.name, 0.0) if mode is Mode.WEIGHTS else 0.0,
            }
        )
    return described


def terms(formula: "Formula") -> list[list[Any]]:
    """Write the formula's terms sparsely, equal products added up.

    Returns:
        ``[parameters, MACs, bytes, factors]`` for each product; a factor is ``[constant, [[group, positions], …]]``.
    """
    count = formula.weights.shape[1]
    table = formula.factors.reshape(-1, count, formula.factors.shape[1])
    merged: dict[tuple[Any, ...], list[float]] = {}
    for index in range(count):
        factors = sorted(_factor(row) for row in table[:, index] if row[:-1].any() or row[-1] != 1)
        total = merged.setdefault(tuple(factors), [0.0, 0.0, 0.0])
        for kind in range(3):
            total[kind] += float(formula.weights[kind, index])
    return [[*total, [[constant, list(parts)] for constant, parts in factors]] for factors, total in merged.items()]


def _factor(row: Any) -> tuple[float, tuple[tuple[int, float], ...]]:
    return float(row[-1]), tuple((int(group), float(row[group])) for group in row[:-1].nonzero()[0])


def counts(cost: Cost) -> dict[str, int]:
    """Return a cost by the names the browser uses."""
    return {"params": cost.params, "macs": cost.macs, "bytes": cost.bytes}
