"""Checkpoints: weights in, whole unless told otherwise, and never any code with them."""

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from prunekit.errors import CheckpointError, listed
from prunekit.records import Fit, Reshaped
from prunekit.tasks.state import find_state, folded, is_counter, own_names
from prunekit.tasks.untrusted import load_state

Source = nn.Module | Mapping[str, Any] | Path | str | bytes
"""Where trained weights come from: a network, a state dict, bare or wrapped, or a file by its path or its bytes."""


def read_checkpoint(source: Path | str | bytes) -> dict[str, Tensor]:
    """Read named tensors from a safetensors file or a state dict that torch saved.

    The content decides the format, not the name. Nothing in the file is run: a child process with limits finds
    where its tensors lie, and only such are taken as own the bytes that they show. A state dict may be wrapped, as in
    ``{"state_dict": …, "epoch": 9}``.

    Args:
        source: path of the file, or its bytes.

    Returns:
        Tensors by their names in the file, on the CPU.

    Raises:
        CheckpointError: unreadable, truncated, holding code, or anything but dense tensors.
    """
    return read_state(source)[0]


def read_state(source: Source) -> tuple[dict[str, Tensor], str, str]:
    """Read named tensors from wherever a person has them.

    Args:
        source: a network on any device, what ``torch.save`` would be given of one, or a file as in
            ``read_checkpoint``. A network and its tensors are only looked at.

    Returns:
        Tensors by their names there, how they are kept, and what the source is called in an error.

    Raises:
        CheckpointError: unreadable, truncated, holding code, or anything but dense tensors.
    """
    if isinstance(source, nn.Module):
        return find_state(source.state_dict(), "The network")[0], type(source).__name__, "The network"
    if isinstance(source, Mapping):
        return *find_state(source, "The state dict"), "The state dict"
    label = "The checkpoint" if isinstance(source, bytes) else f"The checkpoint {Path(source).name}"
    content, layout = load_state(source if isinstance(source, bytes) else Path(source), label)
    state, where = find_state(content, label)
    return state, "safetensors" if layout == "safetensors" else where, label


def load_checkpoint(
    model: nn.Module, source: Path | str | bytes, *, strict: bool = True, name: str = "", own: bool = False
) -> Fit:
    """Fill a network from a checkpoint; on any error it stays as it was.

    Prefixes that training tools put before names are taken off (``own_names``).

    Args:
        model: the network that is filled.
        source: path of the file, or its bytes.
        strict: refuse a file that does not have exactly the network's tensors; else what does not fit is left out,
            and the network keeps what it had there.
        name: what the checkpoint is called, where it comes as bytes.
        own: the file is a safetensors file of PruneKit's own, which is read in this process.

    Returns:
        What fitted and what did not.

    Raises:
        CheckpointError: unreadable; with ``strict`` a tensor is missing, unexpected, of another shape or kind of
            number; without it, none fits.
    """
    given, layout, label = (load_file(str(source)), "safetensors", "") if own else read_state(source)
    fit, state = fit_state(model, given, layout)
    fit = replace(fit, file=name or ("" if isinstance(source, bytes) else Path(source).name))
    if not fit.matched:
        raise CheckpointError(
            f"{label} has no tensor of this network, which begins with {listed(list(model.state_dict()))}."
        )
    if strict:
        refuse_misfit(fit, label)
    model.load_state_dict({own: state[own] for own in fit.matched}, strict=False)
    return fit


def fit_state(
    model: nn.Module, given: Mapping[str, Tensor], layout: str = "state dict"
) -> tuple[Fit, dict[str, Tensor]]:
    """Compare named tensors with a network's, without filling it.

    Prefixes are taken off, weights with a mask beside them are multiplied with it, and counters of steps are not
    missed.

    Args:
        model: the network.
        given: tensors by any names.
        layout: how they were kept.

    Returns:
        What fits and what does not, and the tensors that the network has, by its names.
    """
    expected = model.state_dict()
    if not any(name.endswith("_orig") for name in expected):  # else the network itself keeps its weights so
        given = folded(given)
    names, prefix = own_names(given, expected)
    others = {own: other for other, own in names.items()}
    state = {own: given[others[own]] for own in expected if own in others}  # in the network's order, not the file's
    reshaped = tuple(misfit for own in state if (misfit := _reshaped(own, state[own], expected[own])))
    misfits = {misfit.name for misfit in reshaped}
    fit = Fit(
        file="",
        layout=layout,
        prefix=prefix,
        matched=tuple(own for own in expected if own in state and own not in misfits),
        missing=tuple(own for own in expected if own not in state and not is_counter(own)),
        unexpected=tuple(other for other in given if names.get(other) not in expected and not is_counter(other)),
        reshaped=reshaped,
    )
    return fit, state


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


def refuse_misfit(fit: Fit, label: str) -> None:
    """Say in one sentence what keeps tensors from filling a network.

    Args:
        fit: how they fit.
        label: what they are called.

    Raises:
        CheckpointError: they are not exactly the network's.
    """
    if fit.missing:
        near = difflib.get_close_matches(fit.missing[0], fit.unexpected, n=1)
        instead = f" (the nearest that it holds is {near[0]})" if near else ""
        raise CheckpointError(
            f"{label} lacks {listed(fit.missing)}{instead}: it belongs to another network{_and_more(fit, 'missing')}."
        )
    if fit.unexpected:
        names, prefix = own_names(fit.unexpected, fit.matched)
        if {own for own in fit.matched if not is_counter(own)} <= {*names.values()}:
            raise CheckpointError(
                f"{label} holds the network twice, the second time under {prefix!r}; give the one that is meant alone."
            )
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
