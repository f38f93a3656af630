"""A recipe in a few words."""

from prunekit.recipe import Recipe


def recipe_text(recipe: Recipe) -> str:
    """Summarise a recipe: blocks, channels, weights and bits, in the order in which they are applied.

    Example:
        >>> recipe = Recipe(blocks=("layer1.0",), channels={"conv1": 0.5, "fc": 0.25}, bits={"a": 4, "b": 4, "c": 8})
        >>> recipe_text(recipe)
        'without layer1.0; channels of 2 groups cut; weights of 3 layers in 8 to 4 bits'
        >>> recipe_text(Recipe(weights={"a": 0.5}, bits={"a": 2}, activation_bits=8))
        'weights of 1 layer zeroed; weights of 1 layer in 2 bits; activations in 8 bits'
        >>> recipe_text(Recipe())
        'nothing'
    """
    parts = []
    if recipe.blocks:
        parts.append(f"without {', '.join(recipe.blocks)}")
    if cut := {*recipe.channels, *recipe.drop}:
        parts.append(f"channels of {_many(len(cut), 'group')} cut")
    if recipe.weights:
        parts.append(f"weights of {_many(len(recipe.weights), 'layer')} zeroed")
    if recipe.bits:
        high, low = max(recipe.bits.values()), min(recipe.bits.values())
        bits = f"{high} to {low}" if high > low else f"{low}"
        parts.append(f"weights of {_many(len(recipe.bits), 'layer')} in {bits} bits")
        if recipe.activation_bits:
            parts.append(f"activations in {recipe.activation_bits} bits")
    return "; ".join(parts) or "nothing"


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
