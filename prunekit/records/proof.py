"""Whether a group can be cut without changing what is left."""

from dataclasses import asdict, dataclass
from typing import Any

EXACT = 1e-9
"""Largest difference, as a fraction of the answer, that double precision is allowed to make."""


@dataclass(frozen=True, slots=True)
class Exactness:
    """How nearly a smaller network answers as the dense one that does not read what was cut.

    Attributes:
        error: the largest difference, as a fraction of the largest answer.
        bound: the largest difference that rounding explains, likewise.
        samples: how many samples were compared.
    """

    error: float
    bound: float
    samples: int

    @property
    def holds(self) -> bool:
        """Whether the cut is exact up to rounding."""
        return self.error <= self.bound


@dataclass(frozen=True, slots=True)
class Proof:
    """A group after some of its units were removed and the answer compared with the exact reference.

    Attributes:
        group: its name.
        units: how many units it has.
        removed: how many were removed.
        error: the largest difference, as a fraction of the largest answer; ``None`` where nothing was removed.
        protected: why nothing was removed.
        graph_only: why the network's own class cannot lose its units, where the graph recorded of it can.
    """

    group: str
    units: int
    removed: int
    error: float | None
    protected: str | None = None
    graph_only: str = ""

    @property
    def exact(self) -> bool:
        """Whether the smaller network answers as the dense one without these channels, up to rounding."""
        return self.error is not None and self.error <= EXACT

    def to_json(self) -> dict[str, Any]:
        """Return the proof as plain JSON values."""
        return {**asdict(self), "exact": self.exact}
