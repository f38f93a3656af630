"""Quantised weights as they are stored: all codes in one stream of bits, one scale for each output channel."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from prunekit.cut.precision import Precision
from prunekit.quantize.codes import encode

STREAM = "packed"
"""Name of the stream among a network's stored tensors."""
SCALE = ".scale"
"""What a weight's name ends with where its scales are stored."""


def pack_state(tensors: Mapping[str, Tensor], precisions: Mapping[str, Precision]) -> dict[str, Tensor]:
    """Store a network's tensors with its weights in few bits.

    Args:
        tensors: the network's, quantised already or not.
        precisions: how to store each weight named.

    Returns:
        The other tensors as they are; half-precision weights as such; for the rest their scales and one
        stream of all codes, in the order of ``tensors``.
    """
    stored: dict[str, Tensor] = {}
    codes: list[tuple[Tensor, int]] = []
    for name, tensor in tensors.items():
        precision = precisions.get(name)
        if precision is None:
            stored[name] = tensor
        elif not precision.scaled:
            stored[name] = tensor.half()
        else:
            encoded = encode(tensor, precision)
            stored[name + SCALE] = encoded.scale
            codes.append((unsigned(encoded.values, precision), precision.stored))
    if codes:
        stored[STREAM] = pack(codes)
    return stored


def unsigned(values: Tensor, precision: Precision) -> Tensor:
    """Shift codes so that they count from 0; two-valued ones become 0 and 1."""
    if precision.stored == 1:
        return torch.where(values > 0, 1, 0)
    shifted: Tensor = values.int() + (2 ** (precision.stored - 1) - 1)
    return shifted


def pack(codes: Iterable[tuple[Tensor, int]]) -> Tensor:
    """Write whole numbers one after another in so many bits each, the highest bit first.

    Args:
        codes: numbers from 0 of any shape, and the bits of each.

    Returns:
        ``(bytes,)`` uint8; the last byte is filled with zeros.

    Example:
        >>> pack([(torch.tensor([1, 2, 3]), 2), (torch.tensor([1]), 1)])  # 01 10 11 1 0
        tensor([110], dtype=torch.uint8)
    """
    stream = torch.cat([_digits(values, bits) for values, bits in codes])
    stream = torch.cat([stream, stream.new_zeros(-len(stream) % 8)]).view(-1, 8)
    return (stream * _powers(8)).sum(1).to(torch.uint8)


def unpack(packed: Tensor, widths: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Read back what ``pack`` wrote.

    Args:
        packed: ``(bytes,)`` uint8.
        widths: how many numbers were written and with how many bits, in order.

    Returns:
        For each entry of ``widths`` its numbers ``(n,)``.
    """
    stream = _digits(packed, 8)
    unpacked = []
    for count, bits in widths:
        digits, stream = stream[: count * bits], stream[count * bits :]
        unpacked.append((digits.view(count, bits) * _powers(bits)).sum(1))
    return unpacked


def _digits(values: Tensor, bits: int) -> Tensor:
    return ((values.int().reshape(-1, 1) // _powers(bits)) % 2).to(torch.uint8).flatten()


def _powers(bits: int) -> Tensor:
    return torch.tensor([2**power for power in reversed(range(bits))], dtype=torch.int32)
