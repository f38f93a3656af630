"""The rows of a fit: which outputs of a layer it looks at, by sample and place."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ROWS = 24_000
"""Outputs that one layer is fitted on: of the bundled networks, more change no accuracy by half a point."""

Fit = nn.Conv2d | nn.Linear
"""Layers whose outputs are sums over a row of inputs."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A draw of a layer's outputs, the same in the dense and in the smaller network.

    Attributes:
        numbers: ``(rows,)`` which outputs, counted over samples and places.
        places: the sizes of the places of one sample: ``(height, width)`` of a convolution.
    """

    numbers: Tensor
    places: tuple[int, ...]

    @classmethod
    def of(cls, module: nn.Module, answer: Tensor, seed: int) -> "Rows":
        """Draw from a layer's answer ``(samples, channels, height, width)``, or ``(samples, *places, channels)``."""
        places = tuple(answer.shape[2:] if isinstance(module, nn.Conv2d) else answer.shape[1:-1])
        outputs = len(answer) * math.prod(places)
        draw = torch.Generator().manual_seed(seed)
        numbers = torch.randperm(outputs, generator=draw)[:ROWS] if outputs > ROWS else torch.arange(outputs)
        return cls(numbers.sort().values, places)  # in order, memory is read in order

    def outputs(self, module: nn.Module, answer: Tensor) -> Tensor:
        """Return these rows ``(rows, outputs)`` of a layer's answer."""
        if not isinstance(module, nn.Conv2d):
            return answer.flatten(0, -2)[self.numbers]
        sample, y, x = self._positions()
        return answer[sample, :, y, x]

    def inputs(self, module: nn.Module, values: Tensor) -> Tensor:
        """Return what these rows are computed from: ``(rows, inputs)``, tap by tap of the kernel."""
        if not isinstance(module, nn.Conv2d):
            return values.flatten(0, -2)[self.numbers]
        around = _around(module)
        values = F.pad(values, around) if any(around) else values
        sample, y, x = self._positions()
        (height, width), (down, right), (far, wide) = module.kernel_size, module.stride, module.dilation
        taps = [
            values[sample, :, y * down + i * far, x * right + j * wide] for i in range(height) for j in range(width)
        ]
        return torch.cat(taps, 1)

    def _positions(self) -> tuple[Tensor, Tensor, Tensor]:
        height, width = self.places
        return self.numbers // (height * width), self.numbers // width % height, self.numbers % width


def fits(module: nn.Module | None) -> bool:
    """Whether a layer's outputs are sums over all its inputs, which rows lay out."""
    return isinstance(module, nn.Linear) or (
        isinstance(module, nn.Conv2d) and module.groups == 1 and module.padding_mode == "zeros"
    )


def _around(module: nn.Conv2d) -> tuple[int, int, int, int]:
    """Return the padding left, right, above and below; of an odd number ``same`` puts the larger half last."""
    if module.padding == "same":
        height, width = (d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True))
        return (width // 2, width - width // 2, height // 2, height - height // 2)
    above, left = module.padding if isinstance(module.padding, tuple) else (0, 0)
    return (left, left, above, above)
