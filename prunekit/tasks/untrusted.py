"""Weights from anywhere: a child process says where in the file they lie, and nothing in the file is run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from prunekit.errors import CheckpointError
from prunekit.foreign import ask

_NO_TENSOR = object()
"""Stands for a value beside the tensors, which nobody needs."""


def load_state(source: Path | bytes, label: str) -> tuple[Any, str]:
    """Read the tensors of a safetensors file, or of what ``torch.save`` wrote, today or before torch 1.6.

    Args:
        source: path of the file, or its bytes.
        label: what it is called in an error.

    Returns:
        What was saved, of which only dictionaries and tensors are there; and ``safetensors`` or ``torch``.

    Raises:
        CheckpointError: damaged, packed, too large, or with any other Python object; it is named, and never made.
    """
    said = ask("state dict", source, label, CheckpointError).head
    if isinstance(source, bytes):
        storages = _Storages(lambda start, size: bytearray(memoryview(source)[start : start + size]))
        return _value(said["tree"], storages), said["layout"]
    with source.open("rb") as file:

        def read(start: int, size: int) -> bytearray:
            file.seek(start)
            return bytearray(file.read(size))

        return _value(said["tree"], _Storages(read)), said["layout"]


class _Storages(dict[tuple[int, int], bytearray]):
    """The numbers of tensors by where they begin and how many bytes they are; those of one place are shared."""

    def __init__(self, read: Callable[[int, int], bytearray]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, place: tuple[int, int]) -> bytearray:
        self[place] = self.read(*place)
        return self[place]


def _value(node: dict[str, Any], storages: _Storages) -> Any:
    if "pairs" in node:
        return {key: _value(value, storages) for key, value in node["pairs"]}
    if "tensor" in node:
        return _tensor(node["tensor"], storages)
    return _NO_TENSOR


def _tensor(said: list[Any] | None, storages: _Storages) -> Tensor:
    if said is None:
        return torch.empty(0, device="meta")  # no dense tensor of numbers that are there; whoever takes it refuses it
    kind, sizes, strides, offset, start, size = said
    if not size:
        return torch.empty(sizes, dtype=getattr(torch, kind))
    whole = torch.frombuffer(storages[start, size], dtype=torch.uint8)
    width = torch.empty(0, dtype=getattr(torch, kind)).element_size()
    numbers = whole[: size // width * width].view(getattr(torch, kind))
    return numbers.as_strided(sizes, strides, offset)
