"""The progress of a recovery."""

import math
from dataclasses import dataclass

from prunekit.records.reading import Reading


@dataclass(frozen=True, slots=True)
class Epoch:
    """One step of recovery worth drawing.

    Attributes:
        step: optimiser steps done.
        steps: optimiser steps in all.
        epoch: epochs done, a fraction while one runs.
        loss: mean training loss since the last record.
        reading: validation reading, where this step measured one.
        round: the round of cutting and recovering that it belongs to, from 1.
        rounds: how many rounds there are.
    """

    step: int
    steps: int
    epoch: float
    loss: float
    reading: Reading | None = None
    round: int = 1
    rounds: int = 1

    @property
    def share(self) -> float:
        """How much of all rounds is done, 0–1."""
        return (self.round - 1 + self.step / self.steps) / self.rounds

    @property
    def begun(self) -> float:
        """How much of all rounds was done when its epoch began, 0–1."""
        of_epoch = (self.epoch - math.ceil(self.epoch) + 1) / self.epoch
        return self.share - of_epoch * self.step / self.steps / self.rounds


@dataclass(frozen=True, slots=True)
class Fitted:
    """A layer that was fitted to its outputs before the cut.

    Attributes:
        layer: the layer.
        done: layers fitted so far.
        total: layers to fit in all.
        before: squared distance of its outputs from the dense layer's, as a share of the latter's square.
        after: the same once it was fitted.
    """

    layer: str
    done: int
    total: int
    before: float
    after: float
