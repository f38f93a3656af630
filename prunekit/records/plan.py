"""What the planner tries and offers."""

from dataclasses import asdict, dataclass
from typing import Any

from prunekit.recipe import Recipe
from prunekit.records.modes import Mode
from prunekit.records.reading import Reading
from prunekit.records.structure import Cost


@dataclass(frozen=True, slots=True)
class Outline:
    """What a plan keeps to and what it will measure.

    Attributes:
        mode: what is cut.
        limits: each targeted resource and the most that may be left of it, in the order asked.
        loss: the most of the metric that may be lost, a fraction 0–1; ``None`` where any loss will do.
        resource: the first that is limited; where only a loss is, the one that is cut down.
        pinned: groups or layers that stay as they are because a person asked for it.
        spared: those that stay whole because cutting them saves next to nothing.
        worth: the fraction of a targeted resource below which a saving is next to nothing.
        points: scan points that it needs.
        known: how many of them are stored already.
        trials: networks it measures on train data at most.
        candidates: networks it evaluates on all validation samples at most.
    """

    mode: Mode
    limits: tuple[tuple[str, int], ...]
    loss: float | None
    resource: str
    pinned: tuple[str, ...]
    spared: tuple[str, ...]
    worth: float
    points: int
    known: int
    trials: int
    candidates: int

    @property
    def networks(self) -> int:
        """How many networks are still to be measured at most."""
        return self.points - self.known + self.trials + self.candidates


@dataclass(frozen=True, slots=True)
class Draft:
    """What a plan begins with: the better of its allocations by harm curves, of which nothing was measured yet.

    Attributes:
        recipe: what it cuts.
        cost: exact counts.
        left: how much of the targeted resource is left.
        kl: the sum of the harms of its cuts, each alone, in nats; together they mostly do more.
    """

    recipe: Recipe
    cost: Cost
    left: int
    kl: float


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

    def amount(self, resource: str, mode: Mode) -> int:
        """Return how much of a resource is left; of zeroed weights the parameters that are not zero."""
        return self.nonzero if mode is Mode.WEIGHTS else int(getattr(self.cost, resource))

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
