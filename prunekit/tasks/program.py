"""Exported programs: a ``.pt2`` file as a network, opened without its class and without running what is in it."""

import io
import json
import re
import zipfile
from pathlib import Path

import torch
from torch import nn

from prunekit.errors import CheckpointError
from prunekit.tasks.untrusted import safe_members

# What torch.export writes for a network of tensors. Anything else (custom objects, opaque constants, compiled code)
# would be run or unpickled by the loader.
_EXPECTED = re.compile(
    r"data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)"
    r"|data/sample_inputs/model\.pt|models/model\.json"
    r"|archive_format|archive_version|byteorder|\.data/(version|serialization_id)"
)
_SAMPLE = "data/sample_inputs/model.pt"


def open_program(source: Path | str | bytes) -> nn.Module:
    """Open an exported program.

    ``torch.export.load`` unpickles what it finds. So the archive is written anew without its sample inputs, and one
    with anything but plain weights and a graph is refused.

    Args:
        source: path of the ``.pt2`` file, or its bytes.

    Returns:
        The program as a module, its parameters and buffers under their own names.

    Raises:
        CheckpointError: truncated, no exported program, or with pickles or objects in it.
    """
    label = "The program" if isinstance(source, bytes) else f"The program {Path(source).name}"
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{label} cannot be read: {error.strerror}.") from None
    harmless = without_pickles(data, label)
    try:
        module = torch.export.load(io.BytesIO(harmless)).module()
    except Exception as error:  # the loader's errors have no common class
        raise CheckpointError(f"{label} cannot be loaded ({type(error).__name__}).") from None
    # An exported program has one mode and raises when it is asked for another; asking does no harm here.
    for method in ("train", "eval"):
        vars(module).pop(method, None)
    return module


def without_pickles(data: bytes, label: str) -> bytes:
    """Write a program's archive anew with empty sample inputs.

    Raises:
        CheckpointError: damaged, no exported program, packed, or with pickles or objects in it.
    """
    if not data.startswith(b"PK"):
        raise CheckpointError(f"{label} is no .pt2 file that torch.export wrote.")
    safe_members(data, label)
    harmless = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(harmless, "w") as kept:
            for entry in given.infolist():
                name, content = entry.filename.partition("/")[2], given.read(entry)
                if not _EXPECTED.fullmatch(name):
                    raise CheckpointError(
                        f"{label} holds {name or entry.filename!r}, which a network of tensors does not need."
                    )
                if name.endswith("_config.json") and _uses_pickle(content):
                    raise CheckpointError(f"{label} holds pickled tensors, which may run code when loaded.")
                kept.writestr(entry.filename, b"" if name == _SAMPLE else content)
    except (OSError, ValueError, AttributeError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{label} is truncated or damaged ({type(error).__name__}).") from None
    return harmless.getvalue()


def _uses_pickle(config: bytes) -> bool:
    return any(entry.get("use_pickle", True) for entry in json.loads(config)["config"].values())
