"""Checkpoints: weights in, whole or not at all, and never any code with them."""

import hashlib
import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn
from torch.serialization import get_unsafe_globals_in_checkpoint

from prunekit.errors import CheckpointError


def read_checkpoint(source: Path | str | bytes) -> dict[str, Tensor]:
    """Read named tensors from a safetensors file or a state dict that torch saved.

    The content decides the format, not the name. Nothing in the file is run: torch's files are
    read with ``weights_only=True``, and only if their members are stored plainly and every
    tensor owns the bytes it shows.

    Args:
        source: path of the file, or its bytes.

    Returns:
        Tensors by name, on the CPU.

    Raises:
        CheckpointError: unreadable, truncated, holding code, or anything but dense tensors.
    """
    return _read(*_bytes_of(source))


def load_checkpoint(model: nn.Module, source: Path | str | bytes) -> None:
    """Fill ``model`` with a checkpoint that has exactly its tensors; on any error it stays as it was.

    Raises:
        CheckpointError: unreadable, or a tensor is missing, unexpected, of another shape or kind of number.
    """
    data, label = _bytes_of(source)
    state = _read(data, label)
    expected = model.state_dict()
    if missing := [name for name in expected if name not in state]:
        raise CheckpointError(f"{label} lacks {_listed(missing)}: it belongs to another network.")
    if unexpected := [name for name in state if name not in expected]:
        raise CheckpointError(f"{label} holds {_listed(unexpected)}, which this network has not.")
    for name, tensor in state.items():
        own = expected[name]
        if tensor.shape != own.shape:
            raise CheckpointError(
                f"{label} gives {name} the shape {tuple(tensor.shape)} where this network has {tuple(own.shape)}."
            )
        # Copying int8 into float32 would succeed, without the scale that makes sense of it.
        if tensor.is_floating_point() != own.is_floating_point():
            raise CheckpointError(f"{label} stores {name} as {tensor.dtype} where this network has {own.dtype}.")
    model.load_state_dict(state)


def digest(model: nn.Module) -> str:
    """Return sixteen hexadecimal digits that name the content of a network's tensors."""
    content = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        content.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        content.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return content.hexdigest()[:16]


def _bytes_of(source: Path | str | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, "The checkpoint"
    try:
        return Path(source).read_bytes(), f"The checkpoint {Path(source).name}"
    except OSError as error:
        raise CheckpointError(f"The checkpoint {source} cannot be read: {error.strerror}.") from None


def _read(data: bytes, label: str) -> dict[str, Tensor]:
    if data[8:9] == b"{":
        state = _from_safetensors(data, label)
    elif data[:2] in (b"PK", b"\x80\x02"):
        state = _from_torch(data, label)
    else:
        raise CheckpointError(f"{label} is neither a safetensors file nor a state dict that torch.save wrote.")
    return _dense_tensors(state, label)


def _from_safetensors(data: bytes, label: str) -> dict[str, Tensor]:
    try:
        return load_safetensors(data)
    except SafetensorError as error:
        raise CheckpointError(f"{label} is truncated or damaged ({error}).") from None


def _from_torch(data: bytes, label: str) -> Any:
    if data[:2] == b"PK":
        _refuse_compressed(data, label)
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(f"{label} holds {_wanted(data)}; save the state dict alone and give that.") from None
    except Exception as error:  # torch raises KeyError, EOFError, RuntimeError, … on damaged files
        raise CheckpointError(f"{label} cannot be read as a state dict ({type(error).__name__}).") from None


def _refuse_compressed(data: bytes, label: str) -> None:
    """Refuse what torch never writes: a compressed member may inflate to any size."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile:
        raise CheckpointError(f"{label} is truncated or damaged (no zip directory).") from None
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise CheckpointError(f"{label} is compressed inside, which torch.save never does; it is refused.")


def _wanted(data: bytes) -> str:
    """Say which Python objects a refused file asks for, without making any."""
    try:
        names = get_unsafe_globals_in_checkpoint(io.BytesIO(data))
    except Exception:  # legacy and damaged files cannot be listed
        names = []
    return f"Python objects ({_listed(names)}), not only tensors" if names else "more than tensors"


def _dense_tensors(state: Any, label: str) -> dict[str, Tensor]:
    if not isinstance(state, Mapping) or not state:
        raise CheckpointError(f"{label} holds no named tensors; a state dict is expected.")
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(f"{label} holds {name!r}, which is no tensor; save the state dict alone.")
        # A tensor of stride 0 shows more than its file holds; copying it could fill the memory.
        if (
            tensor.layout != torch.strided
            or tensor.device.type != "cpu"
            or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes()
        ):
            raise CheckpointError(f"{label} stores {name} in a form that is no plain dense tensor; it is refused.")
    return dict(state)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
