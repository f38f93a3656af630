"""The probe: answers of a network cut in one place, each from where the cut changes it."""

import copy
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor, nn

from prunekit.graph import named_tensors, shrink
from prunekit.graph.structure import Structure
from prunekit.program.calibrate import Calibrator
from prunekit.program.cuts import Cut
from prunekit.program.program import BACKENDS, Batch, Program, Ready
from prunekit.program.trust import trusted
from prunekit.recover.recalibrate import SAMPLES, recalibrate
from prunekit.tasks.task import Split

GLANCE = 8
"""Train samples from which BatchNorm's statistics are estimated for a first picture: cells ranked as with 16."""
CHUNK = 128
"""At most this many samples run at once."""


class Probe:
    """A network on samples, ready to be cut anywhere.

    Args:
        base: the network that is cut, with the BatchNorm statistics that a cut leaves alone.
        program: runs the cuts.
        structure: its analysis.
        inputs: the samples ``(n, …)``.
        train: train samples from which BatchNorm is recalibrated after each cut, if it is.

    Attributes:
        program: runs the cuts.
    """

    def __init__(
        self, base: nn.Module, program: Program, structure: Structure, inputs: Tensor, train: Split | None
    ) -> None:
        self._base, self.program, self._structure = base, program, structure
        self._inputs, self._train = inputs, train

    def ready(self, cut: Cut, glance: bool = False) -> Ready:
        """Prepare a cut, with the BatchNorm statistics of the network it leaves.

        Args:
            cut: the cut.
            glance: estimate the statistics from few samples.
        """
        if self._train is None:
            return self.program.ready(cut)
        calibrator = self._quick if glance else self._calibrator
        ready = None if calibrator is None else self.program.calibrated(cut, calibrator)
        return ready or Ready(cut, model=recalibrate(self._whole(cut), self._train))

    def batch(self, positions: Sequence[int]) -> Batch:
        """Run the dense network on the samples at these positions, and keep what any cut starts from."""
        return self.program.dense(self._inputs[positions])

    def rows(self, batches: Sequence[Batch], positions: Sequence[int]) -> Batch:
        """Collect the samples at these positions, which rise, out of the batches of all samples."""
        return self.program.rows(batches, positions)

    def prefix(self, positions: Sequence[int], cuts: Sequence[Ready]) -> Batch:
        """Run the dense network on samples as far as some cuts need."""
        return self.program.prefix(self._inputs[positions], cuts)

    def answer(self, ready: Ready, batch: Batch) -> Tensor:
        """Return the cut network's outputs ``(batch, classes)``."""
        return self.program.suffix(batch, ready)

    @cached_property
    def _calibrator(self) -> Calibrator | None:
        """Made when the first cut needs it, which a first picture does not wait for."""
        return None if self._train is None else self.program.calibrator(self._train.inputs)

    @cached_property
    def _quick(self) -> Calibrator | None:
        return None if self._train is None else self.program.calibrator(self._train.inputs[:GLANCE], paired=True)

    def dense(self, start: int, stop: int) -> Generator[None, None, Tensor]:
        """Compute the uncut network's outputs ``(n, classes)`` on the samples from one to before another."""
        yield from ()
        return self.program.logits(self._inputs[start:stop])

    def _whole(self, cut: Cut) -> nn.Module:
        """Make the network that a cut leaves."""
        if cut.survives is not None:
            return shrink(self._base, self._structure, cut.kept)
        model = copy.deepcopy(self._base)
        tensors = dict(named_tensors(model))
        with torch.no_grad():
            for name, tensor in cut.tensors.items():
                tensors[name].copy_(tensor)
        return model


def probing(
    model: nn.Module,
    structure: Structure,
    split: Split,
    train: Split | None = None,
    backends: Sequence[str] = BACKENDS,
) -> Generator[None, None, Probe]:
    """Make the probe of a network.

    Args:
        model: the dense network; untouched.
        structure: its analysis.
        split: the samples.
        train: train samples; with them BatchNorm is recalibrated after each cut, without them the
            statistics are left as they are.
        backends: how the program may run; see ``trusted``.

    Yields:
        ``None`` after each short stretch of work.
    """
    calibration = None if train is None else train.head(SAMPLES)
    base = model if calibration is None else recalibrate(model, calibration)
    yield
    program = yield from trusted(base, structure, split.inputs, backends)
    return Probe(base, program, structure, split.inputs, calibration)


def chunks(positions: Sequence[int]) -> Iterator[list[int]]:
    """Divide positions into runs of nearly one length, none longer than ``CHUNK``.

    Example:
        >>> [len(part) for part in chunks(range(300))]
        [100, 100, 100]
    """
    count = -(-len(positions) // CHUNK)
    for i in range(count):
        yield list(positions[i * len(positions) // count : (i + 1) * len(positions) // count])
