"""What a recipe costs, counted by closed formula, and whether it fits its task."""

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
