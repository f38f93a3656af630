"""How a recovery goes."""

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
    """

    step: int
    steps: int
    epoch: float
    loss: float
    reading: Reading | None = None
