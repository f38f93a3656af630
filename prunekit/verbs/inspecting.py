"""What is in a network: its structure in JSON, its weights in bins, its scores."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from prunekit.criteria import CRITERIA
from prunekit.criteria import agreement as agreeing
from prunekit.graph import named_tensors, slice_state
from prunekit.look import activations as activating
from prunekit.look import distributions
from prunekit.look import kernels as imaging
from prunekit.recipe import Recipe
from prunekit.records import Activation, Agreement, Histogram, Kernels, LayerWeights, Proof, UnitScores
from prunekit.subject.blocks import apart, blocks_of, group_left
from prunekit.subject.networks import GRADIENT_CRITERIA, NORM_CRITERIA, base_of, network_of, scores_of
from prunekit.subject.opening import Opened
from prunekit.verbs.reading import check

MAGNITUDE_CRITERIA = ("l1", "l2")
"""Criteria that take single weights by their magnitude."""


PROVEN_ON = 4
"""Validation samples that a proof looks at: any difference shows on any sample."""


def inspect(opened: Opened) -> dict[str, Any]:
    """Return the structure of a task's dense network as plain JSON values."""
    structure, cost = opened.structure, opened.structure.cost({})
    return {
        "task": opened.task.name,
        "params": cost.params,
        "macs": cost.macs,
        "flops": cost.flops,
        "bytes": cost.bytes,
        "checkpoint": None if opened.task.fit is None else opened.task.fit.to_json(),
        "layers": [{**asdict(layer), "shape": list(layer.shape)} for layer in structure.layers],
        "groups": [asdict(group) for group in structure.groups],
        "blocks": [asdict(block) for block in blocks_of(opened)],
        "unknown_ops": list(structure.unknown_ops),
        "notes": list(structure.notes),
    }


def prove(opened: Opened, seed: int = 0) -> Iterator[Proof]:
    """Remove random units of each group, in double precision, and compare with the exact reference.

    Args:
        opened: the task; a few of its validation samples are answered.
        seed: of the units.

    Yields:
        A proof for each group, the protected ones with their reason.
    """
    from prunekit.graph.proof import prove as proving  # imported by whoever asks: opening a task does without it

    yield from proving(opened.task.model, opened.task.data.validation.inputs[:PROVEN_ON], seed)


def histograms(opened: Opened, recipe: Recipe | None = None, *, common_range: bool = False) -> tuple[Histogram, ...]:
    """Bin the weights of every layer of a recipe's network, or of the task's own.

    Args:
        opened: the task.
        recipe: the question; ``None`` is the task's own network.
        common_range: give all layers one range, at least that of the task's own network.
    """
    opened, recipe = apart(opened, check(opened, recipe or Recipe()))
    own, structure = opened.task.model, opened.structure
    model = own if recipe.is_dense and recipe.base is None else network_of(opened, recipe).pruned.model
    if not common_range:
        return distributions.histograms(model, structure)
    reach = max(distributions.widest(network, structure) for network in {own, model})
    return distributions.histograms(model, structure, reach=reach)


def layer_weights(opened: Opened, recipe: Recipe, layer: str) -> LayerWeights:
    """Bin one layer's weights in the task's own network, in the recipe's base and in what the recipe leaves."""
    opened, recipe = apart(opened, check(opened, recipe))
    base, pruned = base_of(opened, recipe.base), network_of(opened, recipe).pruned
    name = opened.structure.layer(layer).weight
    dense, uncut, desk = (dict(named_tensors(m))[name].detach() for m in (opened.task.model, base.model, pruned.model))
    start = slice_state({name: uncut}, opened.structure, base.allowed)[name]
    reach = max(map(distributions.largest, (dense, start, desk)))
    bins = {tensor: distributions.histogram(layer, tensor, reach) for tensor in (dense, start, desk)}
    threshold = None
    if name in pruned.masks and recipe.criterion in MAGNITUDE_CRITERIA:
        zeroed = slice_state({name: uncut}, opened.structure, pruned.kept)[name][~pruned.masks[name]]
        threshold = distributions.largest(zeroed) if len(zeroed) else None
    return LayerWeights(bins[dense], bins[start], bins[desk], threshold)


def unit_scores(opened: Opened, recipe: Recipe, group: str) -> UnitScores:
    """Score a group's units under a recipe's criterion and say which it keeps."""
    group = group_left(opened, check(opened, recipe), group)
    opened, recipe = apart(opened, check(opened, recipe))
    found = opened.structure.group(group)
    scores = scores_of(opened, recipe.base, recipe.criterion, recipe.seed).values[found.name]
    allowed = base_of(opened, recipe.base).allowed.get(found.name, tuple(range(found.units)))
    return UnitScores(
        group=found.name,
        criterion=recipe.criterion,
        values=tuple(scores.tolist()),
        kept=tuple(network_of(opened, recipe).pruned.kept.get(found.name, allowed)),
        keep=recipe.keep.get(found.name, ()),
        drop=recipe.drop.get(found.name, ()),
        gone=tuple(sorted(set(range(found.units)) - set(allowed))),
    )


def agreement(opened: Opened, recipe: Recipe, group: str) -> Iterator[Agreement]:
    """Compare how the criteria rank a group's units, those that its base still has.

    A criterion that finds nothing to read in the group, or needs train data that the task has not,
    is left out; ``random`` shows what chance looks like.

    Yields:
        One more criterion in each record; those that need gradients, which take a while, come last.
    """
    group = group_left(opened, check(opened, recipe), group)
    opened, recipe = apart(opened, check(opened, recipe))
    found = opened.structure.group(group)
    units = list(base_of(opened, recipe.base).allowed.get(found.name, range(found.units)))
    values = {}
    for criterion in sorted(CRITERIA, key=lambda name: name in GRADIENT_CRITERIA):
        if criterion in GRADIENT_CRITERIA | NORM_CRITERIA and opened.train_split is None:
            continue
        scores = scores_of(opened, recipe.base, criterion, recipe.seed)
        if found.name not in scores.fallen:
            values[criterion] = scores.values[found.name][units]
            yield Agreement(found.name, len(units), tuple(values), agreeing.agreement(values))


def activations(
    opened: Opened, recipe: Recipe | None = None, limit: int | None = 250
) -> Iterator[tuple[Activation, ...]]:
    """Count the zeros that layers hand on, in a recipe's network or the task's own.

    Args:
        opened: the task.
        recipe: the question; ``None`` is the task's own network.
        limit: look at the first this many validation samples, all for ``None``.

    Yields:
        An entry for each layer, on more samples in each record.
    """
    opened, recipe = apart(opened, check(opened, recipe or Recipe()))
    model = network_of(opened, recipe).pruned.model
    yield from activating.activations(model, opened.structure, opened.task.data.validation.head(limit))


def kernel_layers(opened: Opened) -> tuple[str, ...]:
    """Return the convolutions whose kernels can be drawn as images, in execution order."""
    return imaging.kernel_layers(opened.structure)


def kernels(opened: Opened, recipe: Recipe, layer: str) -> Kernels:
    """Read a convolution's kernels before the cut, and which of them a recipe keeps.

    Raises:
        RecipeError: the layer is not one of ``kernel_layers``.
    """
    opened, recipe = apart(opened, check(opened, recipe))
    kept = {**base_of(opened, recipe.base).allowed, **network_of(opened, recipe).pruned.kept}
    return imaging.kernels(base_of(opened, recipe.base).model, opened.structure, layer, kept)
