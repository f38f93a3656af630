"""What is in a network: its structure in JSON, its weights in bins, its scores."""

from dataclasses import asdict
from typing import Any

from prunekit.measure import distributions
from prunekit.recipe import Recipe
from prunekit.records import Histogram, UnitScores
from prunekit.verbs.networks import base_of, network_of, scores_of
from prunekit.verbs.opening import Opened
from prunekit.verbs.reading import check


def inspect(opened: Opened) -> dict[str, Any]:
    """Return the structure of a task's dense network as plain JSON values."""
    structure, cost = opened.structure, opened.structure.cost({})
    return {
        "task": opened.task.name,
        "params": cost.params,
        "macs": cost.macs,
        "flops": cost.flops,
        "bytes": cost.bytes,
        "layers": [{**asdict(layer), "shape": list(layer.shape)} for layer in structure.layers],
        "groups": [asdict(group) for group in structure.groups],
        "blocks": [asdict(block) for block in structure.blocks],
        "unknown_ops": list(structure.unknown_ops),
    }


def histograms(opened: Opened, recipe: Recipe | None = None, *, common_range: bool = False) -> tuple[Histogram, ...]:
    """Bin the weights of every layer of a recipe's network, or of the task's own."""
    model = opened.task.model if recipe is None else network_of(opened, check(opened, recipe)).pruned.model
    return distributions.histograms(model, opened.structure, common_range=common_range)


def unit_scores(opened: Opened, recipe: Recipe, group: str) -> UnitScores:
    """Score a group's units under a recipe's criterion and say which it keeps."""
    recipe = check(opened, recipe)
    found = opened.structure.group(group)
    scores = scores_of(opened, recipe.base, recipe.criterion, recipe.seed).values[found.name]
    allowed = base_of(opened, recipe.base).allowed.get(found.name, tuple(range(found.units)))
    kept = network_of(opened, recipe).pruned.kept.get(found.name, allowed)
    return UnitScores(found.name, recipe.criterion, tuple(scores.tolist()), tuple(kept))
