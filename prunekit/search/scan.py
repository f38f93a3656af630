"""The sensitivity scan: every group or layer cut alone, measured at several sparsities."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from torch import Tensor, nn

from prunekit.criteria.units import unit_scores
from prunekit.graph.structure import Structure
from prunekit.measure.evaluate import evaluate, logits
from prunekit.measure.pruned import prune
from prunekit.recipe import Recipe, kept_units
from prunekit.records import Mode, Point, Reading
from prunekit.recover.recalibrate import recalibrate
from prunekit.tasks.task import Split

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LIMIT = 200


def sizes(structure: Structure, mode: Mode) -> dict[str, int]:
    """Return what a mode can cut, in execution order, and of how many pieces each is made.

    Returns:
        Prunable group → units, or layer → weights.
    """
    if mode is Mode.CHANNELS:
        return {group.name: group.units for group in structure.prunable}
    return {layer.name: math.prod(layer.shape) for layer in structure.layers}


def scan(
    model: nn.Module,
    structure: Structure,
    split: Split,
    *,
    mode: Mode = Mode.CHANNELS,
    levels: Sequence[float] = LEVELS,
    limit: int | None = LIMIT,
    metric: str = "accuracy",
    base: Recipe | None = None,
    train: Split | None = None,
    gradients: Mapping[str, Tensor] | None = None,
    skip: Collection[tuple[str, float]] = (),
) -> Iterator[Point]:
    """Cut each group (or layer) alone, and measure the network that is left.

    All names come at one level before the next level begins, and the levels in an order that
    soon spans the range, so that a picture appears early. Protected groups are never scanned.

    Args:
        model: the dense network; untouched.
        structure: its analysis.
        split: validation samples.
        mode: what is cut.
        levels: sparsities to try, fractions 0–1.
        limit: measure on the first this many samples, all for ``None``.
        metric: name in ``METRICS``.
        base: recipe that gives task, criterion and seed; its cuts are ignored.
        train: train samples; with them BatchNorm is recalibrated before each measurement, without
            them the statistics are left as they are.
        gradients: parameter name → loss gradients, for ``taylor``.
        skip: ``(name, level)`` cells that are known already.

    Yields:
        One point for each cell not skipped.
    """
    common = base or Recipe()
    question = Recipe(common.task, criterion=common.criterion, seed=common.seed, recalibrate=train is not None)
    samples = split.head(limit)
    dense = logits(model, samples)
    scores = None
    if mode is Mode.CHANNELS:
        scores = unit_scores(model, structure, question.criterion, gradients=gradients, seed=question.seed)

    def measure(recipe: Recipe) -> Reading:
        smaller = prune(model, structure, recipe, scores=scores, gradients=gradients).model
        if train is not None:
            smaller = recalibrate(smaller, train)
        *_, reading = evaluate(smaller, samples, metric, dense_logits=dense, recalibrated=train is not None)
        return reading

    known: dict[tuple[str, int], Reading] = {}
    for level in spread(levels):
        for name, size in sizes(structure, mode).items():
            if (name, level) in skip:
                continue
            cut = {name: level}
            recipe = replace(question, channels=cut) if mode is Mode.CHANNELS else replace(question, weights=cut)
            cell = name, kept_units(size, level)
            if cell not in known:  # of few units, several levels keep the same
                known[cell] = measure(recipe)
            yield Point(mode, name, level, replace(known[cell], recipe=recipe.digest))


def spread(levels: Sequence[float]) -> list[float]:
    """Order levels so that the first few already span the range.

    The middle one comes first, then always the one farthest from those before it, the higher of two.

    Example:
        >>> spread([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        [0.5, 0.9, 0.1, 0.7, 0.3, 0.8, 0.6, 0.4, 0.2]
    """
    left = sorted(set(levels))
    order = [left.pop(len(left) // 2)] if left else []
    while left:
        farthest = max(left, key=lambda level: (round(min(abs(level - done) for done in order), 9), level))
        left.remove(farthest)
        order.append(farthest)
    return order
