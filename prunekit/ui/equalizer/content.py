"""What the equalizer shows, as plain values for the browser."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prunekit.recipe import Recipe
from prunekit.records import Cost, Mode, Point
from prunekit.ui.state.rows import Row

if TYPE_CHECKING:
    from prunekit.graph import Structure
    from prunekit.graph.formula import Formula

SAFE, HARMFUL = 1e-3, 1.0
"""KL divergence from the dense output, in nats, between which a bar's shade goes from safe to harmful."""


GONE = "removed with its block"


def bars(
    rows: Sequence[Row],
    structure: "Structure",
    points: Iterable[Point],
    bits: Mapping[str, int] | None = None,
    without_blocks: "Structure | None" = None,
) -> list[dict[str, Any]]:
    """Describe one bar for each layer, in execution order.

    Args:
        rows: what each layer's slider shows.
        structure: the analysis of the dense network.
        points: what was scanned.
        bits: bits of each layer whose weights are quantised.
        without_blocks: the analysis of the network without its removed blocks.
    """
    measured, bits_of = curves(points), bits or {}
    present = {layer.name for layer in (without_blocks or structure).layers}
    shapes = {layer.name: "×".join(map(str, layer.shape)) for layer in structure.layers}
    return [
        {
            "name": row.layer,
            "key": row.cuts,
            "shape": shapes[row.layer],
            "stage": row.layer.partition(".")[0],
            "units": row.pieces,
            "unit": row.unit,
            "floor": row.lowest,
            "gone": row.gone,
            "left": row.pieces - round(row.gone * row.pieces),
            "zeroed": row.floor if row.unit == "weights" else 0.0,
            "bits": bits_of.get(row.layer) if row.layer in present else None,
            "protected": _locked(row) if row.layer in present else GONE,
            "linked": row.reason if (row.linked or row.gone) and not row.protected else "",
            "curve": measured.get(row.cuts),
        }
        for row in rows
    ]


def _locked(row: Row) -> str:
    return row.reason if row.protected else "too small to cut" if row.pieces < 2 else ""


def stages(rows: Sequence[Row]) -> list[str]:
    """Name the stages: first parts of the layers' names that several layers share."""
    first = [row.layer.partition(".")[0] for row in rows]
    return [name for name in dict.fromkeys(first) if first.count(name) > 1]


def curves(points: Iterable[Point]) -> dict[str, list[tuple[float, float, float]]]:
    """Return for each scanned group or layer ``(sparsity, KL in nats, share of harm 0–1)``, by rising sparsity."""
    by_name: dict[str, list[tuple[float, float, float]]] = {}
    for point in sorted(points, key=lambda point: point.level):
        harm = point.reading.kl
        if harm is not None:
            by_name.setdefault(point.name, []).append((point.level, harm, _share(harm)))
    return by_name


def _share(harm: float) -> float:
    share = math.log(max(harm, SAFE) / SAFE) / math.log(HARMFUL / SAFE)
    return round(min(1.0, share), 3)


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
