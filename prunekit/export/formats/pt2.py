"""The exported program: a ``.pt2`` file that runs without the network's class, for any batch size."""

import copy
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import CheckpointError, ExportError
from prunekit.export.formats.format import Format

if TYPE_CHECKING:  # what is known of a format is known without torch
    from torch import Tensor, nn

    from prunekit.export.checks import Loaded
    from prunekit.export.measured import Measured
    from prunekit.records import Check

# What torch.export writes for a network of tensors. Anything else (custom objects, compiled code) would be run or
# unpickled by the loader.
_EXPECTED = re.compile(
    r"data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)"
    r"|data/sample_inputs/model\.pt|models/model\.json"
    r"|archive_format|archive_version|byteorder|\.data/(version|serialization_id)"
)


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
    torch.export.save(program, path)


def read_pt2(path: Path) -> "nn.Module":
    """Load a ``.pt2`` file that was written by :func:`write_pt2`.

    ``torch.export.load`` runs pickles it finds in a file. So call this only after the file's digest was found to be
    the manifest's; an archive that holds a pickle, packed entries or anything but weights and a graph is refused.

    Raises:
        CheckpointError: truncated, or not of our own writing.
    """
    import torch

    refuse_foreign(path)
    try:
        return torch.export.load(path).module()
    except Exception as error:  # the loader's errors have no common class
        raise CheckpointError(f"{path} cannot be loaded ({type(error).__name__}); export it again.") from None


def refuse_foreign(path: Path) -> None:
    """Refuse an archive that holds anything but plain weights and a graph.

    Raises:
        CheckpointError: truncated, or what was found that does not belong.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.filename.partition("/")[2]
                if not _EXPECTED.fullmatch(name):
                    raise CheckpointError(f"{path} holds {name!r}, which a network of tensors does not need.")
                if entry.compress_type != zipfile.ZIP_STORED:
                    raise CheckpointError(f"{path} holds {name!r} packed; torch stores its files plain.")
                if name == "data/sample_inputs/model.pt" and entry.file_size:
                    raise CheckpointError(f"{path} holds pickled sample inputs, which may run code when loaded.")
                if name.endswith("_config.json") and _uses_pickle(archive.read(entry)):
                    raise CheckpointError(f"{path} holds pickled tensors, which may run code when loaded.")
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} is not a whole .pt2 file ({error}); export it again.") from None


def _uses_pickle(config: bytes) -> bool:
    return any(entry.get("use_pickle", True) for entry in json.loads(config)["config"].values())


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
