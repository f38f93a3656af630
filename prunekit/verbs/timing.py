"""Latency: the network a recipe asks for beside the dense one, by the clock."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from torch import nn

from prunekit.errors import LatencyError, close_matches
from prunekit.export.formats import FORMATS, Format, check_formats, runtimes
from prunekit.recipe import Recipe
from prunekit.records import Latency
from prunekit.scratch import scratch_folder
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve


def latency(
    opened: Opened, recipe: Recipe, batch: int = 1, threads: int = 1, runtime: str = "eager"
) -> Iterator[Latency]:
    """Time the network a recipe asks for and the dense one in turns, in a process of their own.

    Between two records nothing is timed, so a slow reader disturbs no measurement.

    Args:
        opened: the task.
        recipe: the question.
        batch: inputs in one forward pass; validation samples, from the first again where they run out.
        threads: threads a forward pass may use.
        runtime: ``eager``, or a format that something runs. Both networks run in it; but a format that is made of
            another, as ``int8`` is of ``onnx``, is held against the dense network in that one, so that the runtime's
            own gain is not taken for the quantisation's.

    Yields:
        Latencies of growing numbers of rounds, each stored for the runs of this recipe; the last is final.

    Raises:
        RecipeError: the recipe does not fit the task.
        ExportError: the runtime needs packages that are not installed.
        LatencyError: no batch or thread to speak of, or a network that another process cannot load or run.
    """
    from prunekit.timing import latency as measuring  # opening a task does without stopwatches

    subject = resolve(opened, recipe)
    samples = opened.task.data.validation.inputs
    inputs = samples[[i % len(samples) for i in range(batch)]]
    if runtime not in runtimes():
        raise LatencyError(f"Unknown runtime {runtime!r}; {close_matches(runtime, runtimes())}")
    dense, model = opened.task.model, subject.pruned.model
    with scratch_folder("prunekit-runtime") as folder:
        packages: tuple[str, ...] = ()
        if runtime != "eager":
            check_formats([runtime])
            format = FORMATS[runtime]
            beside = FORMATS[format.made_of[-1]] if format.made_of else format
            dense, packages = _in_runtime(beside, opened, dense, Path(folder) / "dense")
            model, packages = _in_runtime(format, opened, model, Path(folder) / "candidate")
        for record in measuring.latency(
            dense,
            model,
            inputs,
            threads=threads,
            recipe=subject.recipe.digest,
            code=opened.task.factory_path,
            needs=packages,
        ):
            record = replace(record, runtime=runtime)
            opened.workspace.add_latency(opened.digest, record)
            yield record


def _in_runtime(format: Format, opened: Opened, model: nn.Module, stem: Path) -> tuple[nn.Module, tuple[str, ...]]:
    """Write a network in a format, and return it as the format's runtime runs it, with what that imports."""
    assert format.runtime is not None
    if format.needs_train and opened.train_split is None:
        raise LatencyError(f"{format.title} needs train data, and this task has none.")
    path = stem.with_name(f"{stem.name}{format.suffix}")
    return format.runtime.network(model, opened.task, path), format.runtime.packages
