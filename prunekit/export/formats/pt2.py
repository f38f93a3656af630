"""The exported program: a ``.pt2`` file that runs without the network's class, for any batch size."""

import copy
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import ExportError
from prunekit.export.formats.format import Format

if TYPE_CHECKING:  # what is known of a format is known without torch
    from torch import Tensor, nn

    from prunekit.export.checks import Loaded
    from prunekit.export.measured import Measured
    from prunekit.records import Check


def write_pt2(model: "nn.Module", example: "Tensor", path: Path) -> None:
    """Write the network as an exported program with a dynamic batch.

    The file holds weights and a graph, no pickle and no sample input, and no path or source line of the machine
    that wrote it.

    Args:
        model: the network, in eval mode.
        example: zeros ``(2, …)`` of the input's shape.
        path: the ``.pt2`` file to write.

    Raises:
        ExportError: ``torch.export`` cannot capture the network.
    """
    import torch

    batch = torch.export.Dim("batch", min=1)
    try:
        program = torch.export.export(_own_storage(model), (torch.zeros_like(example),), dynamic_shapes=({0: batch},))
    except Exception as error:  # torch.export raises a dozen unrelated classes
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ExportError(f"torch.export cannot capture this network with a free batch size: {reason}") from error
    program.example_inputs = None
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    written = io.BytesIO()
    torch.export.save(program, written)
    path.write_bytes(written.getvalue())  # a full disk is then said by Python's own error, not by one of torch's


def read_pt2(path: Path) -> "nn.Module":
    """Load a ``.pt2`` file that was written by :func:`write_pt2`, in which nothing is run.

    Raises:
        CheckpointError: truncated, or with anything in it but weights and a graph of known operators.
    """
    from prunekit.tasks.program import open_program

    return open_program(path, samples=False)


def _own_storage(model: "nn.Module") -> "nn.Module":
    """Copy a network so that no tensor's storage holds more than the tensor."""
    import torch

    copied = copy.deepcopy(model).eval()
    for tensor in [*copied.parameters(), *copied.buffers()]:
        tensor.data = tensor.detach().clone(memory_format=torch.contiguous_format)
    return copied


def _write(measured: "Measured", path: Path) -> None:
    write_pt2(measured.model, measured.task.example, path)


def _checks(loaded: "Loaded") -> "Iterator[Check]":
    return loaded.counts()


PT2 = Format(
    name="pt2",
    title="Program",
    caption="The program that torch.export captured: runs without the network's class, any batch size.",
    suffix=".pt2",
    write=_write,
    load=read_pt2,
    checks=_checks,
    always=True,
)
