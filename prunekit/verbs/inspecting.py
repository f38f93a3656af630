"""What is in a network: its structure in JSON, its weights in bins, its scores."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from prunekit.criteria import CRITERIA, criterion_named
from prunekit.criteria import agreement as agreeing
from prunekit.graph import named_tensors, slice_state
from prunekit.look import activations as activating
from prunekit.look import distributions
from prunekit.look import kernels as imaging
from prunekit.recipe import Recipe
from prunekit.records import Activation, Agreement, Histogram, Kernels, LayerWeights, Proof, UnitScores
from prunekit.subject.blocks import blocks_of
from prunekit.subject.opening import Opened
from prunekit.subject.scores import scores_of
from prunekit.subject.subject import group_remaining, resolve

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
    subject = resolve(opened, recipe or Recipe())
    own, structure = subject.opened.task.model, subject.structure
    model = own if subject.remaining.is_dense and subject.recipe.base is None else subject.pruned.model
    if not common_range:
        return distributions.histograms(model, structure)
    reach = max(distributions.widest(network, structure) for network in {own, model})
    return distributions.histograms(model, structure, reach=reach)


def layer_weights(opened: Opened, recipe: Recipe, layer: str) -> LayerWeights:
    """Bin one layer's weights in the task's own network, in the recipe's base and in what the recipe leaves."""
    subject = resolve(opened, recipe)
    structure, base, pruned = subject.structure, subject.base, subject.pruned
    name = structure.layer(layer).weight
    networks = subject.opened.task.model, base.model, pruned.model
    dense, uncut, desk = (dict(named_tensors(network))[name].detach() for network in networks)
    start = slice_state({name: uncut}, structure, base.allowed)[name]
    reach = max(map(distributions.largest, (dense, start, desk)))
    bins = {tensor: distributions.histogram(layer, tensor, reach) for tensor in (dense, start, desk)}
    threshold = None
    if name in pruned.masks and criterion_named(recipe.criterion).by_magnitude:
        zeroed = slice_state({name: uncut}, structure, pruned.kept)[name][~pruned.masks[name]]
        threshold = distributions.largest(zeroed) if len(zeroed) else None
    return LayerWeights(bins[dense], bins[start], bins[desk], threshold)


def unit_scores(opened: Opened, recipe: Recipe, group: str) -> UnitScores:
    """Score a group's units under a recipe's criterion and say which it keeps."""
    subject = resolve(opened, recipe)
    record = subject.structure.group(group_remaining(subject, group))
    name, units = record.name, range(record.units)
    allowed = subject.base.allowed.get(name, tuple(units))
    return UnitScores(
        group=name,
        criterion=subject.recipe.criterion,
        values=tuple(subject.scores.values[name].tolist()),
        kept=tuple(subject.pruned.kept.get(name, allowed)),
        keep=subject.remaining.keep.get(name, ()),
        drop=subject.remaining.drop.get(name, ()),
        gone=tuple(sorted({*units} - {*allowed})),
    )


def agreement(opened: Opened, recipe: Recipe, group: str) -> Iterator[Agreement]:
    """Compare how the criteria rank a group's units, those that its base still has.

    A criterion that finds nothing to read in the group, or needs train data that the task has not,
    is left out; ``random`` shows what chance looks like.

    Yields:
        One more criterion in each record; those that need gradients, which take a while, come last.
    """
    subject = resolve(opened, recipe)
    record = subject.structure.group(group_remaining(subject, group))
    units = list(subject.base.allowed.get(record.name, range(record.units)))
    checked, values = subject.remaining, {}
    for criterion in sorted(CRITERIA.values(), key=lambda criterion: "gradients" in criterion.needs):
        if criterion.needs and opened.train_split is None:
            continue
        scores = scores_of(subject.opened, checked.base, criterion.name, checked.seed)
        if record.name not in scores.fallen:
            values[criterion.name] = scores.values[record.name][units]
            yield Agreement(record.name, len(units), tuple(values), agreeing.agreement(values))


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
    subject = resolve(opened, recipe or Recipe())
    samples = opened.task.data.validation.head(limit)
    yield from activating.activations(subject.pruned.model, subject.structure, samples)


def kernel_layers(opened: Opened) -> tuple[str, ...]:
    """Return the convolutions whose kernels can be drawn as images, in execution order."""
    return imaging.kernel_layers(opened.structure)


def kernels(opened: Opened, recipe: Recipe, layer: str) -> Kernels:
    """Read a convolution's kernels before the cut, and which of them a recipe keeps.

    Raises:
        RecipeError: the layer is not one of ``kernel_layers``.
    """
    subject = resolve(opened, recipe)
    kept = {**subject.base.allowed, **subject.pruned.kept}
    return imaging.kernels(subject.base.model, subject.structure, layer, kept)
