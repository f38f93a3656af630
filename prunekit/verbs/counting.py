"""What a recipe costs, counted by closed formula, and whether it fits its task."""

from math import prod

from prunekit.recipe import Recipe
from prunekit.records import Cost
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve


def check(opened: Opened, recipe: Recipe) -> Recipe:
    """Return the recipe with every group by its own name and the task filled in.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    return resolve(opened, recipe).recipe


def cost(opened: Opened, recipe: Recipe) -> Cost:
    """Count a recipe's network by closed formula, without making it.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    return resolve(opened, recipe).cost


def layer_costs(opened: Opened, recipe: Recipe) -> tuple[tuple[int, int], ...]:
    """Return ``(parameters, MACs)`` of each layer of a recipe's network.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    subject = resolve(opened, recipe)
    costs = subject.structure.layer_costs(subject.counts)
    known = {layer.name: cost for layer, cost in zip(subject.structure.layers, costs, strict=True)}
    return tuple(known.get(layer.name, (0, 0)) for layer in opened.structure.layers)


def weights_left(opened: Opened, recipe: Recipe) -> dict[str, int]:
    """Count the weights that the channel cut of a recipe leaves each layer, without those that went with a block.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    subject = resolve(opened, recipe)
    shares = subject.structure.formula.shares(subject.counts)
    return {layer.name: round(prod(layer.shape) * shares[layer.weight]) for layer in subject.structure.layers}


def available_units(opened: Opened, recipe: Recipe) -> dict[str, int]:
    """Count the units that a hand has left of each group that it took some from, whatever the sparsity.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    subject = resolve(opened, recipe)
    allowed = {group.name: range(group.units) for group in subject.structure.groups} | dict(subject.base.allowed)
    # A group of the whole network is found by its layers: without the recipe's blocks it may have another name.
    return {
        opened.structure.group(subject.structure.group(name).layers[0]).name: len({*allowed[name]} - {*units})
        for name, units in subject.remaining.drop.items()
        if units
    }
