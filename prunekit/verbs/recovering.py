"""Recovery: fine-tune what a cut left, and keep it as a run of its own."""

from collections.abc import Iterator
from dataclasses import replace

from prunekit.measure.evaluate import evaluate
from prunekit.recipe import Recipe
from prunekit.records import Epoch, Run
from prunekit.recover.finetune import FineTune, Schedule, finetune
from prunekit.verbs.history import new_run
from prunekit.verbs.networks import Network, dense_outputs, network_of, store_weights
from prunekit.verbs.opening import Opened
from prunekit.verbs.reading import check


def recover(opened: Opened, recipe: Recipe, epochs: int = 2, parent: str | None = None) -> Iterator[Epoch | Run]:
    """Fine-tune the network a recipe asks for.

    Args:
        opened: the task.
        recipe: the cut to recover from; zeroed weights stay zero.
        epochs: passes over the train samples.
        parent: the run that holds the cut, in the history.

    Yields:
        Losses and validation readings while it trains; last the recovered run, stored with its
        weights. Stopped early, the best network so far is stored all the same.

    Raises:
        TaskError: the task has no train data.
        RecipeError: the recipe does not fit the task.
    """
    recipe = check(opened, recipe)
    network = network_of(opened, recipe)
    schedule = Schedule(epochs=epochs, seed=recipe.seed)
    tuned = finetune(
        network.pruned.model,
        opened.task.data,
        schedule,
        masks=network.pruned.masks,
        metric=opened.task.metric,
        recipe=recipe.digest,
    )
    try:
        yield from tuned
    except GeneratorExit:
        _store(opened, recipe, network, tuned, schedule, parent)
        raise
    yield _store(opened, recipe, network, tuned, schedule, parent)


def _store(
    opened: Opened, recipe: Recipe, network: Network, tuned: FineTune, schedule: Schedule, parent: str | None
) -> Run:
    *_, reading = evaluate(
        tuned.model,
        opened.task.data.validation,
        opened.task.metric,
        recipe=recipe.digest,
        dense_logits=dense_outputs(opened, "validation"),
    )
    run = new_run(opened, recipe, network.pruned.cost, (reading,), parent, label="recovered")
    # The weights are written before the run that names them, so that no run points at nothing.
    run = replace(
        run,
        weights=store_weights(opened, run.id, tuned.model, network.pruned.kept),
        conditions=replace(opened.conditions, threads=schedule.threads, batch=schedule.batch, seed=schedule.seed),
    )
    opened.workspace.add_run(run)
    opened.workspace.set_head(opened.task.name, run.id)
    return run
