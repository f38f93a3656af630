"""A checkpoint that was stored: whether it is whole, and what its tensors take."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from prunekit.errors import CheckpointError
from prunekit.tasks.checkpoint import read_checkpoint

FORMAT = "prunekit-checkpoint-1"


def check_checkpoint(path: Path) -> None:
    """Check that a file is a checkpoint of PruneKit's with the tensors that were written.

    Raises:
        CheckpointError: not safetensors, truncated, not one of PruneKit's, or changed since.
    """
    tensors = read_checkpoint(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path.name} is truncated or damaged ({error}); export it again.") from None
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path.name} was not written by PruneKit as {FORMAT}; name an exported checkpoint.")
    if metadata.get("sha256") != digest(tensors):
        raise CheckpointError(f"The tensors in {path.name} are not the ones that were written; export it again.")


def packed_bytes(path: Path) -> int | None:
    """Return the bytes of the tensors in a checkpoint whose weights are packed; ``None`` where none is."""
    with safe_open(path, framework="pt") as file:
        if not json.loads(file.metadata().get("few_bits", "[]")):
            return None
        return int(sum(file.get_tensor(name).nbytes for name in file.keys()))  # noqa: SIM118 - not a mapping


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Digest names, types, shapes and bytes of tensors, in name order, as SHA-256."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()
