"""What the planner tries and offers."""

from dataclasses import asdict, dataclass
from typing import Any

from prunekit.recipe import Recipe
from prunekit.records.reading import Reading
from prunekit.records.structure import Cost


@dataclass(frozen=True, slots=True)
class Trial:
    """One network measured while the planner improves a plan.

    Attributes:
        done: networks measured.
        limit: it measures at most this many.
        kl: mean KL divergence of this one from the dense network's output, in nats.
    """

    done: int
    limit: int
    kl: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plan that was really evaluated.

    Attributes:
        name: how it was found: ``uniform``, ``global``, ``greedy``, ``curves`` or ``exchange``.
        recipe: the plan.
        cost: exact counts.
        nonzero: parameters that the plan does not zero.
        reading: what was measured of it.
        misses: the targets it does not meet, each in words; empty where it meets all.
        note: what a person should know of it.
    """

    name: str
    recipe: Recipe
    cost: Cost
    nonzero: int
    reading: Reading
    misses: tuple[str, ...] = ()
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the flat JSON object of the command line's contract."""
        return {
            "name": self.name,
            **asdict(self.reading),
            "recipe": self.recipe.to_json(),
            "params": self.cost.params,
            "macs": self.cost.macs,
            "flops": self.cost.flops,
            "bytes": self.cost.bytes,
            "nonzero": self.nonzero,
            "misses": list(self.misses),
            "note": self.note,
        }
