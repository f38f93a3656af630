"""A network's outputs on a split, computed as far as they are asked for."""

import torch
from torch import Tensor, nn

from prunekit.measure.forward import BATCH, run
from prunekit.tasks.task import Split

FIRST = 100
"""Samples of the first batch, so that a first reading does not wait for a whole one."""


class Outputs:
    """Logits that are sliced like a tensor of ``(n, classes)``, computed batch by batch and kept.

    The batches are the same whoever asks for how much first, and so are the numbers.

    Example:
        >>> outputs = Outputs(nn.Linear(2, 3), Split(torch.zeros(500, 2), torch.zeros(500)))
        >>> outputs[:50].shape, outputs.known, outputs[:].shape
        (torch.Size([50, 3]), 100, torch.Size([500, 3]))
    """

    def __init__(self, model: nn.Module, split: Split) -> None:
        self._model = model
        self._inputs = split.inputs
        self._batches: list[Tensor] = []

    @property
    def known(self) -> int:
        """How many samples' outputs are computed."""
        return sum(map(len, self._batches))

    def __getitem__(self, rows: slice) -> Tensor:
        _, stop, _ = rows.indices(len(self._inputs))
        while (known := self.known) < stop:
            self._batches.append(run(self._model, self._inputs[known : known + (BATCH if known else FIRST)]))
        return torch.cat(self._batches)[rows] if self._batches else torch.empty(0)
