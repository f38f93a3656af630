"""Kernels of convolutions as small images."""

from collections.abc import Mapping, Sequence

from torch import nn

from prunekit.errors import RecipeError, close_matches
from prunekit.graph.structure import Structure
from prunekit.graph.trace import named_tensors
from prunekit.records import Kernels

IMAGES = 64
INPUTS = 4


def kernel_layers(structure: Structure) -> tuple[str, ...]:
    """Return the convolutions whose kernels are worth looking at: those that read few channels, such as the first."""
    return tuple(
        layer.name
        for layer in structure.layers
        if layer.op == "conv2d" and layer.shape[1] <= INPUTS and max(layer.shape[2:]) > 1
    )


def kernels(
    model: nn.Module, structure: Structure, layer: str, kept: Mapping[str, Sequence[int]] | None = None
) -> Kernels:
    """Read the kernels of a convolution's first output channels.

    Args:
        model: the network in its dense shapes.
        structure: its analysis.
        layer: one of ``kernel_layers``.
        kept: group → the units that a recipe keeps, for each group that it cuts.

    Raises:
        RecipeError: there is no such layer, or its kernels are no images.
    """
    drawable = kernel_layers(structure)
    if layer not in drawable:
        raise RecipeError(f"The kernels of {layer!r} cannot be drawn as images; {close_matches(layer, drawable)}")
    name = structure.layer(layer).weight
    weight = dict(named_tensors(model))[name].detach().float()[:IMAGES]
    channels = structure.layer(layer).shape[0]
    stays = set(structure.kept_positions(kept or {}).get(name, {}).get(0, range(channels)))
    return Kernels(
        layer=layer,
        channels=channels,
        values=tuple(tuple(tuple(map(tuple, image)) for image in images) for images in weight.tolist()),
        kept=tuple(channel in stays for channel in range(len(weight))),
    )
