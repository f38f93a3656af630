"""What is inside a network: its weights in bins, its kernels as images, the zeros in its layers' outputs."""

from collections.abc import Iterator

from prunekit.criteria import criterion_named
from prunekit.graph import named_tensors, slice_state
from prunekit.look import activations as activating
from prunekit.look import distributions
from prunekit.look import kernels as imaging
from prunekit.recipe import Recipe
from prunekit.records import Activation, Histogram, Kernels, LayerWeights
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve


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


def activations(
    opened: Opened, recipe: Recipe | None = None, limit: int | None = 250
) -> Iterator[tuple[Activation, ...]]:
    """Count the zeros in the outputs of layers, in a recipe's network or the task's own.

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
