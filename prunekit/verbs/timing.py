"""Latency: the network a recipe asks for beside the dense one, by the clock."""

from collections.abc import Iterator

from prunekit.recipe import Recipe
from prunekit.records import Latency
from prunekit.verbs.networks import network_of
from prunekit.verbs.opening import Opened
from prunekit.verbs.reading import check


def latency(opened: Opened, recipe: Recipe, batch: int = 1, threads: int = 1) -> Iterator[Latency]:
    """Time the network a recipe asks for and the dense one in turns, in a process of their own.

    Between two records nothing is timed, so whoever reads them slowly disturbs nothing.

    Args:
        opened: the task.
        recipe: the question.
        batch: inputs in one forward pass; validation samples, from the first again where they run out.
        threads: threads a forward pass may use.

    Yields:
        Latencies of growing numbers of rounds, each stored for the runs of this recipe; the last is final.

    Raises:
        RecipeError: the recipe does not fit the task.
        LatencyError: no batch or thread to speak of, or a network that another process cannot load or run.
    """
    from prunekit.measure import latency as measuring  # opening a task does without stopwatches

    recipe = check(opened, recipe)
    samples = opened.task.data.validation.inputs
    inputs = samples[[i % len(samples) for i in range(batch)]]
    for found in measuring.latency(
        opened.task.model,
        network_of(opened, recipe).pruned.model,
        inputs,
        threads=threads,
        recipe=recipe.digest,
        code=opened.task.factory_path,
    ):
        opened.workspace.add_latency(opened.digest, found)
        yield found
