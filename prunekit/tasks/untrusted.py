"""Files from anywhere: what they hold is looked at before anything in them is read, and nothing in them is run."""

import io
import pickle
import pickletools
import zipfile
from typing import Any

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint

from prunekit.errors import CheckpointError, listed

LIMIT = 8 << 30
"""Bytes that the members of an archive may hold together."""
TORCH_MAGIC = (b"PK", b"\x80\x02")
"""How the files of ``torch.save`` begin, today's archives and those of before torch 1.6."""


def load_torch(data: bytes, label: str) -> Any:
    """Read what ``torch.save`` wrote: tensors, numbers, texts and containers of them.

    Args:
        data: the file.
        label: what it is called in an error.

    Raises:
        CheckpointError: damaged, packed, too large, or with any other Python object; it is named, and never made.
    """
    if data[:2] == b"PK":
        names = safe_members(data, label)
        if any(name.endswith("/constants.pkl") for name in names):
            raise CheckpointError(f"{label} is a TorchScript program; save the network's state dict and give that.")
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(f"{label} holds {_wanted(data)}; save the state dict alone and give that.") from None
    except Exception as error:  # torch raises KeyError, EOFError, RuntimeError, … on damaged files
        raise CheckpointError(f"{label} cannot be read as a state dict ({type(error).__name__}).") from None


def safe_members(data: bytes, label: str, limit: int = LIMIT) -> tuple[str, ...]:
    """Return the names of an archive's members, once it is known that they are no larger than they look.

    torch stores members as they are. A packed one may inflate to any size, and members that lie over each other may
    together be far more than the file.

    Args:
        data: the file.
        label: what it is called in an error.
        limit: bytes that all members may hold together.

    Raises:
        CheckpointError: no whole archive, a packed member, or more bytes than allowed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise CheckpointError(f"{label} is truncated or damaged (no zip directory).") from None
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise CheckpointError(f"{label} is compressed inside, which torch.save never does; it is refused.")
    total = sum(member.file_size for member in members)
    if total > len(data):
        raise CheckpointError(f"{label} claims to hold {total:,} bytes in a file of {len(data):,}; it is refused.")
    if total > limit:
        raise CheckpointError(f"{label} holds {total:,} bytes, more than the {limit:,} that are read.")
    return tuple(member.filename for member in members)


def _wanted(data: bytes) -> str:
    """Say which Python objects a refused file asks for, without making any."""
    try:
        names = get_unsafe_globals_in_checkpoint(io.BytesIO(data)) if data[:2] == b"PK" else _legacy_globals(data)
    except Exception:  # what is damaged cannot be listed
        names = []
    return f"Python objects ({listed(names)}), not only tensors" if names else "more than tensors"


def _legacy_globals(data: bytes) -> list[str]:
    """List the names that the pickles of an old file import, in order; such a file begins with four of them."""
    stream, found = io.BytesIO(data), []
    for _ in range(4):
        for code, argument, _ in pickletools.genops(stream):
            if code.name == "GLOBAL" and isinstance(argument, str):
                found.append(argument.replace(" ", "."))
    harmless = ("torch._utils.", "torch.storage.", "collections.OrderedDict")
    names = [name for name in dict.fromkeys(found) if not name.startswith(harmless)]
    return [name for name in names if not (name.startswith("torch.") and name.endswith("Storage"))]
