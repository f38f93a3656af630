"""The same bits for many layers at once."""

from prunekit.graph.structure import Structure


def inner_layers(structure: Structure) -> tuple[str, ...]:
    """Name every layer but the first and the last, which do the most harm for the fewest bytes when rounded."""
    return tuple(layer.name for layer in structure.layers[1:-1])
