"""The plain state dict, as ``torch.save`` writes it: names and tensors of the smaller network, nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import ExportError
from prunekit.export.formats.checkpoint import CHECKPOINT
from prunekit.export.formats.format import Format

if TYPE_CHECKING:
    from torch import Tensor, nn

    from prunekit.export.checks import Loaded
    from prunekit.export.measured import Measured
    from prunekit.records import Check


def _write(measured: "Measured", path: Path) -> None:
    import torch

    torch.save(plain_state(measured.model), path)


def plain_state(model: "nn.Module") -> "dict[str, Tensor]":
    """Return a network's state dict on the CPU, every tensor on a storage of its own size, tied tensors on one.

    Raises:
        ExportError: the state dict holds something else than tensors.
    """
    import torch

    copies: dict[int, Tensor] = {}
    state: dict[str, Tensor] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if not isinstance(tensor, torch.Tensor):
            raise ExportError(f"The state dict's {name!r} is a {type(tensor).__name__}, and a .pth holds only tensors.")
        if id(tensor) not in copies:
            # A slice's storage is the whole tensor's, which torch.save would write with it.
            copies[id(tensor)] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        state[name] = copies[id(tensor)]
    return state


def _load(path: Path, network: "nn.Module | None" = None) -> "nn.Module":
    """Fill the smaller network, which the load snippet makes, with the tensors of this file alone."""
    import torch

    model = CHECKPOINT.load(path.with_suffix(CHECKPOINT.suffix), network)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.zero_()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model


def _checks(loaded: "Loaded") -> "Iterator[Check]":
    yield from loaded.counts()
    yield loaded.macs()


PTH = Format(
    name="pth",
    title="PyTorch state dict",
    caption="The plain state dict of the smaller network, for torch.load(…, weights_only=True).",
    suffix=".pth",
    write=_write,
    load=_load,
    checks=_checks,
    fills_class=True,
    made_of=(CHECKPOINT.name,),
)
