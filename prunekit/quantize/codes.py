"""Weights as whole numbers times one scale for each output channel."""

from dataclasses import dataclass

import torch
from torch import Tensor

from prunekit.cut.precision import Precision

TERNARY = 0.7
"""Share of a channel's mean magnitude below which a ternary weight is zero."""
DIGITS = 16
"""Binary digits of a scale: a code times a scale is then exact, and quantising twice is quantising once."""


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """A quantised weight.

    Attributes:
        values: whole numbers in the weight's shape, int8.
        scale: ``(channels,)`` single precision.
        dim: the weight's dimension that the channels are.
    """

    values: Tensor
    scale: Tensor
    dim: int

    @property
    def weight(self) -> Tensor:
        """The weight that the codes encode, in single precision."""
        return self.values.float() * _beside(self.scale, self.values, self.dim)


def quantize(weight: Tensor, precision: Precision) -> Tensor:
    """Round a weight to the values that a number of bits can hold; it keeps its dtype, and zeros stay zero.

    Args:
        weight: any shape.
        precision: bits and dimension of the output channels.

    Returns:
        The same shape. Binary weights without ``precision.zeros`` have none.
    """
    if not precision.scaled:
        return weight.half().to(weight.dtype)
    return encode(weight, precision).weight.to(weight.dtype)


def encode(weight: Tensor, precision: Precision) -> Codes:
    """Find the codes of a weight.

    3 to 8 bits: the largest magnitude of a channel is the largest code, symmetrically. 2 bits: ternary,
    zero below 0.7 times the mean magnitude of a channel and the mean of the others above. 1 bit: the sign
    times the mean magnitude of a channel.

    Sources: Krishnamoorthi, Quantizing deep convolutional networks, 2018, arXiv 1806.08342; Li et al., Ternary
    Weight Networks, 2016, arXiv 1605.04711; Rastegari et al., XNOR-Net, 2016, arXiv 1603.05279.

    Args:
        weight: any shape.
        precision: at most 8 bits.
    """
    values, scale = _ROUNDING.get(precision.bits, _uniform)(weight.detach().float(), precision)
    return Codes(values.to(torch.int8), scale, precision.dim)


def _uniform(weight: Tensor, precision: Precision) -> tuple[Tensor, Tensor]:
    largest = 2 ** (precision.bits - 1) - 1
    rows = _rows(weight, precision.dim)
    scale = _short(rows.abs().amax(1) / largest)
    steps = torch.where(scale > 0, scale, 1.0)  # a channel of zeros has no scale
    values = (weight / _beside(steps, weight, precision.dim)).round().clamp(-largest, largest)
    return values, scale


def _ternary(weight: Tensor, precision: Precision) -> tuple[Tensor, Tensor]:
    rows = _rows(weight, precision.dim).abs()
    threshold = TERNARY * _mean(rows, rows > 0)
    stays = rows > threshold[:, None]
    large = weight.abs() > _beside(threshold, weight, precision.dim)
    return weight.sign() * large, _mean(rows, stays)


def _binary(weight: Tensor, precision: Precision) -> tuple[Tensor, Tensor]:
    rows = _rows(weight, precision.dim).abs()
    signs = torch.where(weight < 0, -1.0, 1.0)
    if not precision.zeros:
        return signs, _mean(rows, torch.ones_like(rows))
    return signs * (weight != 0), _mean(rows, rows > 0)


_ROUNDING = {2: _ternary, 1: _binary}


def _rows(weight: Tensor, dim: int) -> Tensor:
    return weight.movedim(dim, 0).flatten(1) if weight.ndim > 1 else weight[:, None]


def _mean(rows: Tensor, chosen: Tensor) -> Tensor:
    """Average the chosen entries of each row, 0 where none is chosen."""
    return _short((rows.double() * chosen).sum(1) / chosen.sum(1).clamp(min=1))


def _short(scale: Tensor) -> Tensor:
    mantissa, exponent = torch.frexp(scale)
    return torch.ldexp((mantissa * 2**DIGITS).round() / 2**DIGITS, exponent).float()


def _beside(scale: Tensor, weight: Tensor, dim: int) -> Tensor:
    """Lay ``(channels,)`` out so that it multiplies the weight."""
    return scale.view([-1 if d == dim else 1 for d in range(weight.ndim)])
