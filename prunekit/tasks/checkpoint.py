"""Checkpoints: weights in, whole unless told otherwise, and never any code with them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from prunekit.errors import CheckpointError, listed
from prunekit.records import Fit, Reshaped
from prunekit.tasks.state import find_state, own_names
from prunekit.tasks.untrusted import TORCH_MAGIC, load_torch


def read_checkpoint(source: Path | str | bytes) -> dict[str, Tensor]:
    """Read named tensors from a safetensors file or a state dict that torch saved.

    The content decides the format, not the name. Nothing in the file is run: torch's files are
    read with ``weights_only=True``, and only if their members are stored plainly and every
    tensor owns the bytes it shows. A state dict may be wrapped, as in ``{"state_dict": …, "epoch": 9}``.

    Args:
        source: path of the file, or its bytes.

    Returns:
        Tensors by their names in the file, on the CPU.

    Raises:
        CheckpointError: unreadable, truncated, holding code, or anything but dense tensors.
    """
    return _read(*_bytes_of(source))[0]


def load_checkpoint(model: nn.Module, source: Path | str | bytes, *, strict: bool = True, name: str = "") -> Fit:
    """Fill a network from a checkpoint; on any error it stays as it was.

    Prefixes that training tools put before names are taken off (``own_names``).

    Args:
        model: the network that is filled.
        source: path of the file, or its bytes.
        strict: refuse a file that does not have exactly the network's tensors; else what does not fit is left out,
            and the network keeps what it had there.
        name: what the checkpoint is called, where it comes as bytes.

    Returns:
        What fitted and what did not.

    Raises:
        CheckpointError: unreadable; with ``strict`` a tensor is missing, unexpected, of another shape or kind of
            number; without it, none fits.
    """
    data, label = _bytes_of(source)
    given, layout = _read(data, label)
    expected = model.state_dict()
    names, prefix = own_names(given, expected)
    state = {own: given[other] for other, own in names.items() if own in expected}
    reshaped = tuple(found for own in state if (found := _reshaped(own, state[own], expected[own])))
    misfits = {found.name for found in reshaped}
    fit = Fit(
        file=name or ("" if isinstance(source, bytes) else Path(source).name),
        layout=layout,
        prefix=prefix,
        matched=tuple(own for own in expected if own in state and own not in misfits),
        missing=tuple(own for own in expected if own not in state and not own.endswith("num_batches_tracked")),
        unexpected=tuple(other for other in given if names.get(other) not in expected),
        reshaped=reshaped,
    )
    if not fit.matched:
        raise CheckpointError(f"{label} has no tensor of this network, which begins with {listed(list(expected))}.")
    if strict:
        _refuse_misfit(fit, label)
    model.load_state_dict({own: state[own] for own in fit.matched}, strict=False)
    return fit


def digest(model: nn.Module) -> str:
    """Return sixteen hexadecimal digits that name the content of a network's tensors."""
    content = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        content.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        content.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return content.hexdigest()[:16]


def _reshaped(name: str, given: Tensor, own: Tensor) -> Reshaped | None:
    if given.shape != own.shape:
        return Reshaped(name, _shape(given), _shape(own))
    # Copying int8 into float32 would succeed, without the scale that makes sense of it.
    if given.is_floating_point() != own.is_floating_point():
        return Reshaped(name, str(given.dtype), str(own.dtype))
    return None


def _refuse_misfit(fit: Fit, label: str) -> None:
    if fit.missing:
        raise CheckpointError(
            f"{label} lacks {listed(fit.missing)}: it belongs to another network{_and_more(fit, 'missing')}."
        )
    if fit.unexpected:
        raise CheckpointError(
            f"{label} holds {listed(fit.unexpected)}, which this network has not{_and_more(fit, 'unexpected')}."
        )
    if fit.reshaped:
        first = fit.reshaped[0]
        others = f", and {len(fit.reshaped) - 1} more that differ" if len(fit.reshaped) > 1 else ""
        raise CheckpointError(
            f"{label} gives {first.name} the shape or type {first.given} where this network has {first.expected}"
            f"{others}."
        )


def _and_more(fit: Fit, said: str) -> str:
    """Count what else does not fit beside what an error says already."""
    counts: Mapping[str, int] = {"unexpected": len(fit.unexpected), "of another shape": len(fit.reshaped)}
    rest = [f"{count} {what}" for what, count in counts.items() if count and what != said]
    return f" ({len(fit.matched)} fit, {', '.join(rest)})" if rest else f" ({len(fit.matched)} fit)"


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "1"


def _bytes_of(source: Path | str | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, "The checkpoint"
    try:
        return Path(source).read_bytes(), f"The checkpoint {Path(source).name}"
    except OSError as error:
        raise CheckpointError(f"The checkpoint {source} cannot be read: {error.strerror}.") from None


def _read(data: bytes, label: str) -> tuple[dict[str, Tensor], str]:
    """Return the tensors by name, and how the file keeps them."""
    if data[8:9] == b"{":
        try:
            return find_state(load_safetensors(data), label)[0], "safetensors"
        except SafetensorError as error:
            raise CheckpointError(f"{label} is truncated or damaged ({error}).") from None
    if not data.startswith(TORCH_MAGIC):
        raise CheckpointError(f"{label} is neither a safetensors file nor a state dict that torch.save wrote.")
    return find_state(load_torch(data, label), label)
