"""ONNX in single precision: the network for other runtimes."""

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import CheckpointError, ExportError
from prunekit.export.formats.format import Format, Runtime

if TYPE_CHECKING:  # what is known of a format is known without torch
    from torch import Tensor, nn

    from prunekit.export.measured import Measured
    from prunekit.tasks.task import Task


def write_onnx(model: "nn.Module", example: "Tensor", path: Path) -> None:
    """Write a network as ONNX with a free batch size; the file names no path or source line of this machine.

    Args:
        model: the network, in eval mode.
        example: zeros ``(2, …)`` of the input's shape.
        path: the ``.onnx`` file to write.

    Raises:
        ExportError: the network cannot be written as ONNX.
    """
    import torch

    batch = torch.export.Dim("batch", min=1)
    try:
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore")  # of what the exporter itself calls
            program = torch.onnx.export(
                copy.deepcopy(model).eval(),
                (torch.zeros_like(example),),
                dynamo=True,
                dynamic_shapes=({0: batch},),
                verbose=False,
            )
    except Exception as error:  # the exporter raises a dozen unrelated classes
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ExportError(f"This network cannot be written as ONNX: {reason}") from error
    assert program is not None
    proto = program.model_proto
    for owner in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.graph.initializer):
        owner.ClearField("metadata_props")
        owner.ClearField("doc_string")
    for function in proto.functions:
        for owner in (function, *function.node):
            owner.ClearField("metadata_props")
            owner.ClearField("doc_string")
    path.write_bytes(proto.SerializeToString())


def read_onnx(path: Path) -> "nn.Module":
    """Load an ONNX file as a network that ONNX Runtime runs.

    Raises:
        CheckpointError: it is none.
    """
    from prunekit.export.onnx_network import OnnxNetwork

    network = OnnxNetwork(path)
    try:
        import onnx

        onnx.checker.check_model(onnx.load(path))
    except Exception as error:  # parsers and the checker share no class
        raise CheckpointError(
            f"{path.name} is not a whole ONNX file ({type(error).__name__}); export it again."
        ) from None
    return network


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the exporter and the quantiser from writing their progress to the terminal."""
    loggers = [logging.getLogger(name) for name in (None, "torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _write(measured: "Measured", path: Path) -> None:
    write_onnx(measured.model, measured.task.example, path)


def _in_runtime(model: "nn.Module", task: "Task", path: Path) -> "nn.Module":
    from prunekit.export.onnx_network import OnnxNetwork

    write_onnx(model, task.example, path)
    return OnnxNetwork(path)


ONNX = Format(
    name="onnx",
    title="ONNX",
    caption="ONNX in single precision, for other runtimes.",
    suffix=".onnx",
    write=_write,
    load=read_onnx,  # of a loaded network nothing is counted: the exporter folds normalisations away
    packages=("onnx", "onnxscript", "onnxruntime"),
    extra="onnx",
    runtime=Runtime("ONNX Runtime", _in_runtime, ("onnxruntime",)),
)
