"""Latency: the network a recipe asks for beside the dense one, by the clock."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from torch import nn

from prunekit.errors import LatencyError, close_matches
from prunekit.recipe import Recipe
from prunekit.records import Latency
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve

RUNTIMES = ("eager", "onnx", "int8")
"""What runs a network: PyTorch as it is, ONNX Runtime in single precision, ONNX Runtime in eight-bit integers."""


def latency(
    opened: Opened, recipe: Recipe, batch: int = 1, threads: int = 1, runtime: str = "eager"
) -> Iterator[Latency]:
    """Time the network a recipe asks for and the dense one in turns, in a process of their own.

    Between two records nothing is timed, so whoever reads them slowly disturbs nothing.

    Args:
        opened: the task.
        recipe: the question.
        batch: inputs in one forward pass; validation samples, from the first again where they run out.
        threads: threads a forward pass may use.
        runtime: one of ``RUNTIMES``. Both networks run in it, but ``int8`` is held against the dense network in single
            precision under ONNX Runtime, so that the runtime's own gain is not taken for the quantisation's.

    Yields:
        Latencies of growing numbers of rounds, each stored for the runs of this recipe; the last is final.

    Raises:
        RecipeError: the recipe does not fit the task.
        LatencyError: no batch or thread to speak of, or a network that another process cannot load or run.
    """
    from prunekit.timing import latency as measuring  # opening a task does without stopwatches

    subject = resolve(opened, recipe)
    samples = opened.task.data.validation.inputs
    inputs = samples[[i % len(samples) for i in range(batch)]]
    if runtime not in RUNTIMES:
        raise LatencyError(f"Unknown runtime {runtime!r}; {close_matches(runtime, RUNTIMES)}")
    dense, model = opened.task.model, subject.pruned.model
    with tempfile.TemporaryDirectory(prefix="prunekit-onnx-") as folder:
        if runtime != "eager":
            dense = _onnx(opened, dense, Path(folder) / "dense.onnx", threads)
            model = _onnx(opened, model, Path(folder) / "candidate.onnx", threads, runtime == "int8")
        for record in measuring.latency(
            dense,
            model,
            inputs,
            threads=threads,
            recipe=subject.recipe.digest,
            code=opened.task.factory_path,
            needs=() if runtime == "eager" else ("onnxruntime",),
        ):
            record = replace(record, runtime=runtime)
            opened.workspace.add_latency(opened.digest, record)
            yield record


def _onnx(opened: Opened, model: nn.Module, path: Path, threads: int, int8: bool = False) -> nn.Module:
    from prunekit.export.onnx import CALIBRATION, OnnxNetwork, write_int8, write_onnx
    from prunekit.quantize.activations import without_rounding

    write_onnx(without_rounding(model) if int8 else model, opened.task.example, path)
    if int8:  # it has grids of its own
        if opened.train_split is None:
            raise LatencyError("int8 needs train data to find the range of its activations, and this task has none.")
        single, path = path, path.with_name("int8.onnx")
        write_int8(single, opened.train_split.inputs[:CALIBRATION], path)
    return OnnxNetwork(path, threads)
