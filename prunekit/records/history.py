"""The history of a task: its runs, the tree they make, and the task's key."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from prunekit.recipe import Recipe
from prunekit.records.conditions import Conditions
from prunekit.records.latency import Latency
from prunekit.records.reading import Reading
from prunekit.records.structure import Cost
from prunekit.records.training import Training


@dataclass(frozen=True, slots=True)
class Run:
    """One node of the history: a recipe, what was measured of it, and where it came from.

    Attributes:
        id: twelve hexadecimal digits.
        task: the task's name.
        model: digest of the task's dense weights.
        recipe: the question.
        parent: the run it was made from.
        created: seconds since 1970, UTC.
        cost: exact counts.
        readings: one for each split measured.
        label: what a person calls it.
        weights: file of its own weights inside the workspace, for a recovered run.
        starred: whether a person marked it.
        latencies: what was timed of its recipe, one for each runtime, batch size and thread count.
        conditions: what it was computed under; ``None`` where that was not written down yet.
        data: digest of the samples and the metric of its readings; ``None`` where that was not written down yet.
        training: how it was fine-tuned; ``None`` where it was not, or where that was not written down yet.
        note: what a person wrote about it.
    """

    id: str
    task: str
    model: str
    recipe: Recipe
    parent: str | None
    created: float
    cost: Cost
    readings: tuple[Reading, ...] = ()
    label: str = ""
    weights: str | None = None
    starred: bool = False
    latencies: tuple[Latency, ...] = ()
    conditions: Conditions | None = None
    data: str | None = None
    training: Training | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the run as plain JSON values."""
        return {
            "id": self.id,
            "label": self.label,
            "note": self.note,
            "starred": self.starred,
            "parent": self.parent,
            "created": self.created,
            "weights": self.weights,
            "recipe": self.recipe.to_json(),
            "params": self.cost.params,
            "macs": self.cost.macs,
            "flops": self.cost.flops,
            "bytes": self.cost.bytes,
            "readings": [asdict(reading) for reading in self.readings],
            "latencies": [latency.to_json() for latency in self.latencies],
            "conditions": None if self.conditions is None else asdict(self.conditions),
            "training": None if self.training is None else asdict(self.training),
        }


@dataclass(frozen=True, slots=True)
class TaskKey:
    """The key of everything stored for a task: equal weights on other data or with another metric have another key.

    Attributes:
        name: the task's name.
        model: digest of its dense weights.
        data: digest of its samples and its metric.
    """

    name: str
    model: str
    data: str

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that name this key's content."""
        return hashlib.sha256(f"{self.name} {self.model} {self.data}".encode()).hexdigest()[:16]

    def owns(self, run: Run) -> bool:
        """Return whether a run is of this task."""
        return not self.refusal(run)

    def refusal(self, run: Run) -> str:
        """Say why a run is not of this task; empty where it is. A run without a data digest is accepted on any data."""
        if run.task != self.name:
            return f"Run {run.id} belongs to task {run.task!r}; open that task first."
        if run.model != self.model:
            return f"Run {run.id} was made from other weights of {run.task!r}; open those first."
        if run.data not in (None, self.data):
            return f"Run {run.id} was measured on other data, or by another metric, of {run.task!r}; open those first."
        return ""


@dataclass(frozen=True, slots=True)
class Node:
    """A run's place in the tree of a history, whose root at depth 0 and lane 0 is the task's own network.

    Attributes:
        run: the run.
        depth: steps from the root.
        lane: the line it stands on; a first child continues its parent's, every other begins one.
    """

    run: Run
    depth: int
    lane: int
