"""The same bits for many layers at once."""

from prunekit.errors import RecipeError
from prunekit.graph.structure import Structure


def inner_layers(structure: Structure) -> tuple[str, ...]:
    """Name every layer but the first and the last, which do the most harm for the fewest bytes when rounded."""
    return tuple(layer.name for layer in structure.layers[1:-1])


def some_inner_layers(structure: Structure) -> tuple[str, ...]:
    """Name what ``inner_layers`` does, of a network that has any.

    Raises:
        RecipeError: it has none.
    """
    layers = inner_layers(structure)
    if not layers:
        named = ", ".join(layer.name for layer in structure.layers)
        raise RecipeError(f"The network has no layer between its first and its last; name those to quantise: {named}.")
    return layers
