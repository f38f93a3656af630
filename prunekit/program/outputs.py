"""A network's outputs on a split, computed as far as they are asked for."""

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn

from prunekit.program.forward import BATCH, run
from prunekit.tasks.task import Split

T = TypeVar("T")
Answer = Callable[[int, int], Generator[None, None, Tensor]]
"""``(start, stop)`` → the logits of these samples; it may yield ``None`` between steps, so that other work can run."""

FIRST = 100
"""Samples of the first batch, so that a first reading does not wait for a whole one."""


class Outputs:
    """Logits that are sliced like a tensor of ``(n, classes)``, computed batch by batch and kept.

    The batches do not depend on how many samples are read first, so neither do the numbers.

    Args:
        network: a classifier, or a function that computes its outputs.
        split: the samples.

    Example:
        >>> outputs = Outputs(nn.Linear(2, 3), Split(torch.zeros(500, 2), torch.zeros(500)))
        >>> outputs[:50].shape, outputs.known, outputs[:].shape
        (torch.Size([50, 3]), 100, torch.Size([500, 3]))
    """

    def __init__(self, network: nn.Module | Answer, split: Split) -> None:
        self._answer = _forward(network, split) if isinstance(network, nn.Module) else network
        self._samples = len(split)
        self._batches: list[Tensor] = []

    @property
    def known(self) -> int:
        """How many samples' outputs are computed."""
        return sum(map(len, self._batches))

    def compute(self, stop: int) -> Iterator[None]:
        """Compute the outputs of the first samples, in steps between which it may stop or give way."""
        while (known := self.known) < min(stop, self._samples):
            batch = yield from self._answer(known, min(known + (BATCH if known else FIRST), self._samples))
            if self.known == known:  # else somebody else went on meanwhile
                self._batches.append(batch)
            yield

    def know(self, outputs: Tensor) -> None:
        """Store the outputs on all samples, which were computed elsewhere."""
        if self.known < self._samples:
            self._batches = [outputs]

    def __getitem__(self, rows: slice) -> Tensor:
        _, stop, _ = rows.indices(self._samples)
        finish(self.compute(stop))
        return torch.cat(self._batches)[rows] if self._batches else torch.empty(0)


def finish(steps: Generator[None, None, T] | Iterator[None]) -> T:
    """Run a generator to its end and return what it returns."""
    iterator = iter(steps)
    while True:
        try:
            next(iterator)
        except StopIteration as end:
            answer: T = end.value
            return answer


def _forward(model: nn.Module, split: Split) -> Answer:
    def answer(start: int, stop: int) -> Generator[None, None, Tensor]:
        yield from ()
        return run(model, split.inputs[start:stop])

    return answer
