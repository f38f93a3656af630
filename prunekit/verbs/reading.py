"""What a recipe costs and how well its network does."""

from collections.abc import Iterator
from dataclasses import replace

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunekit.criteria.select import count_kept
from prunekit.errors import RecipeError, WorkspaceError, close_matches
from prunekit.measure import evaluate as measuring
from prunekit.measure.sizes import gzip_bytes, nonzero
from prunekit.measure.thop_count import thop_macs
from prunekit.measure.validate import check_recipe
from prunekit.recipe import Recipe
from prunekit.records import Cost, Evaluation
from prunekit.verbs.networks import base_of, dense_outputs, network_of
from prunekit.verbs.opening import Opened

SPLITS = ("validation", "test")


def check(opened: Opened, recipe: Recipe) -> Recipe:
    """Return the recipe with every group by its own name and the task filled in.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    if recipe.task not in ("", opened.task.name):
        raise RecipeError(f"The recipe was written for task {recipe.task!r}; this is {opened.task.name!r}.")
    try:
        allowed = base_of(opened, recipe.base).allowed
    except WorkspaceError as error:
        raise RecipeError(f"The recipe starts from a run that is not at hand: {error}") from error
    return replace(check_recipe(recipe, opened.structure, allowed), task=opened.task.name)


def cost(opened: Opened, recipe: Recipe) -> Cost:
    """Count a checked recipe's network by closed formula, without making it."""
    return opened.structure.cost(_kept(opened, recipe))


def layer_costs(opened: Opened, recipe: Recipe) -> tuple[tuple[int, int], ...]:
    """Return ``(parameters, MACs)`` of each layer of a checked recipe's network."""
    return opened.structure.layer_costs(_kept(opened, recipe))


def _kept(opened: Opened, recipe: Recipe) -> dict[str, int]:
    return count_kept(opened.structure, recipe, base_of(opened, recipe.base).allowed)


def evaluate(
    opened: Opened, recipe: Recipe, split: str = "validation", limit: int | None = None
) -> Iterator[Evaluation]:
    """Measure the network a recipe asks for.

    Args:
        opened: the task.
        recipe: the question.
        split: ``validation`` or ``test``.
        limit: measure on the first this many samples, all for ``None``.

    Yields:
        Evaluations on growing numbers of samples; the last is exact, and has the value before
        recalibration, thop's count and the compressed size beside it.

    Raises:
        RecipeError: the recipe does not fit the task, or there is no such split.
    """
    if split not in SPLITS:
        raise RecipeError(f"There is no split {split!r}; {close_matches(split, SPLITS)}")
    recipe = check(opened, recipe)
    network = network_of(opened, recipe)
    pruned = network.pruned
    samples = getattr(opened.task.data, split).head(limit)
    dense = dense_outputs(opened, split)
    is_dense = recipe.base is None and not pruned.kept and not pruned.masks
    evaluation = None
    for reading in measuring.evaluate(
        dense if is_dense else pruned.model,
        samples,
        opened.task.metric,
        name=split,
        recipe=recipe.digest,
        dense_logits=dense,
        recalibrated=network.raw is not None,
    ):
        evaluation = Evaluation(reading, pruned.cost, notes=_notes(pruned.notes, pruned.model, recipe))
        yield evaluation
    assert evaluation is not None
    reading = evaluation.reading
    if network.raw is not None:
        *_, raw = measuring.evaluate(network.raw, samples, opened.task.metric, name=split)
        reading = replace(reading, value_raw=raw.value)
    macs, missing = thop_macs(pruned.model, opened.task.example)
    yield replace(
        evaluation,
        reading=reading,
        macs_thop=macs,
        macs_thop_missing=missing,
        bytes_gzip=gzip_bytes(pruned.model),
        nonzero=nonzero(pruned.model),
    )


def _notes(notes: tuple[str, ...], model: nn.Module, recipe: Recipe) -> tuple[str, ...]:
    if recipe.is_dense or recipe.recalibrate or not any(isinstance(m, _BatchNorm) for m in model.modules()):
        return notes
    return (*notes, "BatchNorm statistics are the dense network's; recalibrate to see what the cut itself costs.")
