"""What a recipe costs and how well its network does."""

from collections.abc import Iterator
from dataclasses import replace

from prunekit.criteria.select import count_kept
from prunekit.cut.precision import cost_of
from prunekit.cut.validate import check_recipe
from prunekit.errors import RecipeError, WorkspaceError, close_matches
from prunekit.measure import evaluate as measuring
from prunekit.measure.sizes import gzip_bytes, nonzero, stored
from prunekit.measure.thop_count import thop_macs
from prunekit.program.outputs import Outputs
from prunekit.quantize.packing import pack_state
from prunekit.recipe import Recipe
from prunekit.records import Cost, Evaluation
from prunekit.subject.blocks import apart, check_blocks
from prunekit.subject.live import way_of
from prunekit.subject.networks import (
    base_of,
    dense_outputs,
    left_of,
    network_of,
    outputs_of,
    recalibrates,
    rounds_inputs,
)
from prunekit.subject.opening import Opened

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
    blocks = check_blocks(opened, recipe)
    return replace(check_recipe(recipe, opened.structure, allowed), task=opened.task.name, blocks=blocks)


def cost(opened: Opened, recipe: Recipe) -> Cost:
    """Count a recipe's network by closed formula, without making it.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    return checked_cost(opened, check(opened, recipe))


def checked_cost(opened: Opened, recipe: Recipe) -> Cost:
    """Count as ``cost`` does what ``check`` returned, which takes as long again: a desk asks at every move of a bar."""
    opened, recipe = apart(opened, recipe)
    return cost_of(opened.structure, recipe, _kept(opened, recipe))


def layer_costs(opened: Opened, recipe: Recipe) -> tuple[tuple[int, int], ...]:
    """Return ``(parameters, MACs)`` of each layer of a recipe's network.

    Raises:
        RecipeError: the recipe does not fit the task.
    """
    recipe = check(opened, recipe)
    left, recipe = apart(opened, recipe)
    costs = left.structure.layer_costs(_kept(left, recipe))
    known = {layer.name: cost for layer, cost in zip(left.structure.layers, costs, strict=True)}
    return tuple(known.get(layer.name, (0, 0)) for layer in opened.structure.layers)


def _kept(opened: Opened, recipe: Recipe) -> dict[str, int]:
    return count_kept(opened.structure, recipe, base_of(opened, recipe.base).allowed)


def evaluate(
    opened: Opened, recipe: Recipe, split: str = "validation", limit: int | None = None, quick: bool = True
) -> Iterator[Evaluation]:
    """Measure the network a recipe asks for.

    Args:
        opened: the task.
        recipe: the question.
        split: ``validation`` or ``test``.
        limit: measure on the first this many samples, all for ``None``.
        quick: take the quick way where it was seen to agree, not the network's own forward pass.

    Yields:
        Evaluations on growing numbers of samples; the last is exact, and has the value before
        recalibration, thop's count and the compressed size beside it.

    Raises:
        RecipeError: the recipe does not fit the task, or there is no such split.
    """
    return (found for found in evaluate_steps(opened, recipe, split, limit, quick) if found is not None)


def evaluate_steps(
    opened: Opened, recipe: Recipe, split: str = "validation", limit: int | None = None, quick: bool = True
) -> Iterator[Evaluation | None]:
    """Measure in short steps, between which it can stop or give way.

    Args:
        opened: as all that follow, see ``evaluate``.
        recipe: the question.
        split: ``validation`` or ``test``.
        limit: measure on the first this many samples.
        quick: take the quick way where it was seen to agree.

    Yields:
        Evaluations as ``evaluate`` does, and ``None`` after each stretch of work that ends without one.
    """
    if split not in SPLITS:
        raise RecipeError(f"There is no split {split!r}; {close_matches(split, SPLITS)}")
    if getattr(opened.task.data, split) is None:
        raise RecipeError(f"The task {opened.task.name!r} has no {split} split to measure on.")
    recipe = check(opened, recipe)
    here, _ = apart(opened, recipe)
    left, calibrates = left_of(opened, recipe), recalibrates(opened, recipe)
    samples = getattr(opened.task.data, split).head(limit)
    dense, metric = dense_outputs(opened, split), opened.metric
    raw: Outputs | None = None
    reason = ""
    if recipe.base is None and not (recipe.blocks or left.kept or left.masks or left.precisions):
        outputs = dense
    elif not quick or metric.whole is not None or rounds_inputs(recipe) or (live := way_of(here).live) is None:
        reason = way_of(here).reason if quick and metric.whole is None else ""
        slow = network_of(opened, recipe)
        outputs = Outputs(slow.pruned.model, samples)
        raw = None if slow.raw is None else Outputs(slow.raw, samples)
    else:
        tensors = left.tensors
        if calibrates:
            raw = Outputs(outputs_of(here, split, tensors, left.kept), samples)
            tensors = {**tensors, **(yield from live.statistics(tensors, left.kept))}
        outputs = Outputs(outputs_of(here, split, tensors, left.kept), samples)
    evaluation = None
    notes = _notes(opened, recipe, left.notes, reason)
    network = None if metric.whole is None else network_of(opened, recipe)
    for reading in measuring.evaluate_steps(
        outputs,
        samples,
        metric,
        name=split,
        recipe=recipe.digest,
        dense_logits=dense,
        recalibrated=calibrates,
        network=None if network is None else network.pruned.model,
    ):
        if reading is not None:
            evaluation = Evaluation(reading, left.cost, notes=notes)
            yield evaluation
        else:
            yield None
    assert evaluation is not None
    reading = evaluation.reading
    if raw is not None:
        yield from raw.compute(len(samples))
        uncalibrated = None if network is None else network.raw
        *_, before = measuring.evaluate(raw, samples, metric, name=split, network=uncalibrated)
        reading = replace(reading, value_raw=before.value)
        yield None
    # What keeps nobody waiting comes last: until here no module had to be made.
    pruned = network_of(opened, recipe).pruned
    model = pruned.model
    yield None
    macs, missing = thop_macs(model, opened.task.example)
    yield None
    yield replace(
        evaluation,
        reading=reading,
        macs_thop=macs,
        macs_thop_missing=missing,
        bytes_gzip=gzip_bytes(pack_state(stored(model), pruned.precisions)),
        nonzero=nonzero(model),
    )


def _notes(opened: Opened, recipe: Recipe, notes: tuple[str, ...], reason: str) -> tuple[str, ...]:
    if reason:
        notes = (*notes, f"Measured slowly, by the network's own forward pass: {reason}.")
    if recipe.is_dense or recipe.recalibrate or not base_of(opened, None).has_norms:
        return notes
    return (*notes, "BatchNorm statistics are the dense network's; recalibrate to see what the cut itself costs.")
