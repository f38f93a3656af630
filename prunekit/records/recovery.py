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


@dataclass(frozen=True, slots=True)
class Fitted:
    """A layer that was fitted to what it said before the cut.

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
