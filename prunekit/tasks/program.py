"""Exported programs: a ``.pt2`` file as a network, opened without its class and without running what is in it."""

import io
from pathlib import Path

import torch
from torch import nn

from prunekit.errors import CheckpointError
from prunekit.foreign import ask
from prunekit.foreign.operators import schema_of


def open_program(source: Path | str | bytes, *, samples: bool = True) -> nn.Module:
    """Open an exported program.

    ``torch.export.load`` evaluates, imports and unpickles what it finds. So a child process writes the archive anew
    with nothing in it but tensors and a graph of operators that torch has registered, and that one is loaded.

    Args:
        source: path of the ``.pt2`` file, or its bytes.
        samples: leave out the sample inputs, a pickle that others than PruneKit write beside the graph; else a file
            that has them is refused.

    Returns:
        The program as a module, its parameters and buffers under their own names.

    Raises:
        CheckpointError: truncated, no exported program, or with anything in it but tensors and known operators.
    """
    label = "The program" if isinstance(source, bytes) else f"The program {Path(source).name}"
    harmless = harmless_program(source if isinstance(source, bytes) else Path(source), label, samples=samples)
    try:
        module = torch.export.load(io.BytesIO(harmless)).module()
    except Exception as error:  # the loader's errors have no common class
        raise CheckpointError(f"{label} cannot be loaded ({type(error).__name__}).") from None
    # An exported program has one mode and raises when it is asked for another; asking does no harm here.
    for method in ("train", "eval"):
        vars(module).pop(method, None)
    return module


def harmless_program(source: Path | bytes, label: str, *, samples: bool = True) -> bytearray:
    """Return an exported program, written anew with nothing in it that its loader would run.

    Args:
        source: path of the ``.pt2`` file, or its bytes.
        label: what it is called in an error.
        samples: as in ``open_program``.

    Raises:
        CheckpointError: as ``open_program``.
    """
    answer = ask("program", source, label, CheckpointError, samples=samples)
    for target in answer.head["targets"]:
        schema = schema_of(target)
        if schema is not None and not _is_registered(*schema):
            raise CheckpointError(f"{label} names the operator {target}, which this torch does not know.")
    return answer.data


def _is_registered(name: str, overload: str) -> bool:
    """Whether torch has an operator; else its loader would take any attribute of that name."""
    try:
        torch._C._get_schema(name, overload)
    except RuntimeError:
        return False
    return True
