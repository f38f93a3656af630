"""The frozen records that library, command line and screen speak in: numbers and names, never tensors."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from prunekit.recipe import Recipe


class Mode(StrEnum):
    """What a slider removes."""

    CHANNELS = "channels"
    WEIGHTS = "weights"


class Status(StrEnum):
    """What a number is."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    INTERPOLATED = "interpolated"


@dataclass(frozen=True, slots=True)
class Member:
    """One dimension of one tensor whose positions a group cuts."""

    tensor: str
    dim: int


@dataclass(frozen=True, slots=True)
class Group:
    """Channels that must be removed together.

    Attributes:
        name: module path of the first producer.
        kind: ``channel``, or ``head`` where a unit is a whole attention head.
        units: how many smallest removable pieces there are.
        layers: the layers whose outputs it cuts, in execution order.
        consumers: the layers whose inputs it cuts, in execution order.
        members: every tensor dimension it cuts.
        protected: why it cannot be cut, or ``None``.
        linked: why its layers move together; empty where it has one layer.
        statistics: a normalisation or softmax computes statistics over these channels, so
            the smaller network is not the masked one.
    """

    name: str
    kind: str
    units: int
    layers: tuple[str, ...]
    consumers: tuple[str, ...]
    members: tuple[Member, ...]
    protected: str | None = None
    linked: str = ""
    statistics: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """One operation that holds a weight, in execution order.

    Attributes:
        name: module path, or the tensor's name for a functional weight.
        op: ``conv2d``, ``linear``, …
        weight: name of the weight tensor.
        shape: shape of the weight.
        params: weight and bias entries.
        macs: multiply-accumulates for one input.
        group: the group of its output channels.
        protected: why its output channels cannot be cut, or ``None``.
    """

    name: str
    op: str
    weight: str
    shape: tuple[int, ...]
    params: int
    macs: int
    group: str
    protected: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A part that can be removed whole because its input and output shapes agree."""

    name: str
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """Exact counts of a network: parameters, MACs for one input, bytes of parameters and persistent buffers."""

    params: int
    macs: int
    bytes: int

    @property
    def flops(self) -> int:
        """Floating-point operations for one input: two for each multiply-accumulate."""
        return 2 * self.macs


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured figure with what it is.

    Attributes:
        metric: name of the task's metric.
        value: the metric, a fraction 0–1 for accuracies.
        n: samples it was measured on.
        correct: how many of them are right, for metrics that count.
        interval: 95 % interval of ``value``.
        loss: mean loss per sample.
        kl: mean KL divergence from the dense network's output, in nats.
        split: the data split.
        status: measured, estimated or interpolated.
        recipe: digest of the recipe that was measured.
        per_class: metric per class, in the order of the task's classes.
        recalibrated: whether BatchNorm statistics were estimated anew.
        value_raw: the metric before recalibration, where that was measured.
    """

    metric: str
    value: float
    n: int
    correct: int | None
    interval: tuple[float, float] | None
    loss: float
    kl: float | None
    split: str
    status: Status
    recipe: str
    per_class: tuple[float, ...] = ()
    recalibrated: bool = False
    value_raw: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything ``evaluate`` reports of one recipe: its reading and its counts.

    Attributes:
        reading: the metric and what surrounds it.
        cost: exact counts of the network that was measured.
        macs_thop: MACs as thop counts them; ``None`` where thop cannot run, or not yet counted.
        macs_thop_missing: module types thop has no rule for.
        bytes_gzip: bytes of the tensors after gzip; ``None`` before the last record.
        nonzero: parameters that are not zero; ``None`` before the last record.
        notes: remarks a person should read, such as a criterion that fell back.
    """

    reading: Reading
    cost: Cost
    macs_thop: int | None = None
    macs_thop_missing: tuple[str, ...] = ()
    bytes_gzip: int | None = None
    nonzero: int | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the flat JSON object of the command line's contract."""
        return {
            **asdict(self.reading),
            "params": self.cost.params,
            "macs": self.cost.macs,
            "flops": self.cost.flops,
            "macs_thop": self.macs_thop,
            "macs_thop_missing": list(self.macs_thop_missing),
            "bytes": self.cost.bytes,
            "bytes_gzip": self.bytes_gzip,
            "nonzero": self.nonzero,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Point:
    """One cell of a scan: one group or layer cut alone.

    Attributes:
        kind: what ``name`` is: a group (``channels``) or a layer (``weights``).
        name: the group or layer.
        level: sparsity asked, a fraction 0–1.
        reading: what was measured there.
    """

    kind: Mode
    name: str
    level: float
    reading: Reading


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


@dataclass(frozen=True, slots=True)
class Histogram:
    """A layer's weights, binned on the server.

    Attributes:
        layer: the layer.
        low: left edge of the first bin.
        high: right edge of the last bin.
        counts: weights in each of the equally wide bins.
        n: weights in all.
        zeros: weights that are exactly 0.
    """

    layer: str
    low: float
    high: float
    counts: tuple[int, ...]
    n: int
    zeros: int


@dataclass(frozen=True, slots=True)
class UnitScores:
    """A group's scores under one criterion, and what a recipe keeps of it.

    Attributes:
        group: the group.
        criterion: what scored it.
        values: one score for each unit; the lowest go first.
        kept: the units the recipe keeps.
    """

    group: str
    criterion: str
    values: tuple[float, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike criteria rank a group's units.

    Attributes:
        group: the group.
        units: how many units were ranked; chance alone reaches about 2 ÷ √units.
        criteria: the criteria that find something to read in the group.
        matrix: rank correlation (−1 to 1) of each criterion with each, in their order; ``None``
            where one ranks all units alike.
    """

    group: str
    units: int
    criteria: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Activation:
    """How much of a layer's output is zero when the next layer reads it.

    Attributes:
        layer: the layer.
        reader: the first layer that reads its output, after what stands between: normalisation,
            activation, addition, pooling.
        zeros: share of exact zeros, a fraction 0–1.
        channels: channels that are read.
        dead: how many of them are zero everywhere on all samples.
        n: samples.
    """

    layer: str
    reader: str
    zeros: float
    channels: int
    dead: int
    n: int


@dataclass(frozen=True, slots=True)
class Kernels:
    """A convolution's weights as small images.

    Attributes:
        layer: the convolution.
        channels: how many output channels it has; the images are of the first few.
        values: ``[output channel][input channel][row][column]``.
        kept: for each image whether a recipe keeps its output channel.
    """

    layer: str
    channels: int
    values: tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]
    kept: tuple[bool, ...]


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


class Speed(StrEnum):
    """What a measured latency says of a network beside the dense one."""

    FASTER = "faster"
    SLOWER = "slower"
    ALIKE = "no significant difference"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a network takes for one batch, in seconds: the median over rounds and the quartiles around it.

    Attributes:
        wall: what a clock on the wall shows.
        wall_quartiles: a quarter of the rounds was quicker than the first, a quarter slower than the second.
        cpu: what the processor spent, on all threads together.
        cpu_quartiles: the same of ``cpu``.
    """

    wall: float
    wall_quartiles: tuple[float, float]
    cpu: float
    cpu_quartiles: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Latency:
    """A network's latency, measured in turns with the dense network's.

    Attributes:
        recipe: digest of the recipe that was measured.
        batch: inputs in one forward pass.
        threads: threads a forward pass may use.
        rounds: how many times both networks were timed, one after the other.
        dense: the dense network's times.
        candidate: the recipe's network's times.
        clock: what the speed-up compares: ``cpu`` time for one thread, which neighbours on the
            machine disturb least, else ``wall`` time.
        speedup: median over rounds of dense time ÷ candidate time.
        interval: 95 % interval of ``speedup``.
    """

    recipe: str
    batch: int
    threads: int
    rounds: int
    dense: Timing
    candidate: Timing
    clock: str
    speedup: float
    interval: tuple[float, float]

    @property
    def verdict(self) -> Speed:
        """What the interval allows to say."""
        low, high = self.interval
        if low > 1 + PLACEMENT:
            return Speed.FASTER
        return Speed.SLOWER if high < 1 - PLACEMENT else Speed.ALIKE

    @property
    def busy(self) -> bool:
        """Whether the machine did other work meanwhile, so that wall times are too long."""
        return any(timing.wall > BUSY * timing.cpu for timing in (self.dense, self.candidate))

    def to_json(self) -> dict[str, Any]:
        """Return the latency as plain JSON values, with the verdict and whether the machine was busy."""
        return {**asdict(self), "verdict": self.verdict.value, "busy": self.busy}


BUSY = 1.3
"""Wall time over CPU time from which a machine counts as busy."""
PLACEMENT = 0.02
"""How much two copies of one network may differ in speed, round after round, by where in memory they lie."""


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
        latencies: what was timed of its recipe, one for each batch size and thread count.
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

    def to_json(self) -> dict[str, Any]:
        """Return the run as plain JSON values."""
        return {
            "id": self.id,
            "label": self.label,
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
        }


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


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that two recipes ask for differently.

    Attributes:
        key: the recipe's key, such as ``channels``.
        name: the group or layer, empty for a key that has none.
        a: the first recipe's value as JSON; for a bar that is not in it 0.
        b: the second recipe's value.
    """

    key: str
    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Flip:
    """A validation sample that two networks see differently.

    Attributes:
        index: the sample's position in the split.
        target: its class.
        a: the class the first network says.
        b: the class the second network says.
    """

    index: int
    target: int
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side, both measured anew on the validation split.

    Attributes:
        a: the first run; ``None`` is the task's own network.
        b: the second run.
        changes: what their recipes ask for differently, bars first.
        evaluations: the reading and counts of either; accuracies per class are in the readings.
        classes: the classes' names.
        flips: samples whose predicted class differs.
    """

    a: str | None
    b: str | None
    changes: tuple[Change, ...]
    evaluations: tuple[Evaluation, Evaluation]
    classes: tuple[str, ...]
    flips: tuple[Flip, ...]

    @property
    def broken(self) -> int:
        """How many samples only the first network gets right."""
        return sum(flip.a == flip.target for flip in self.flips)

    @property
    def fixed(self) -> int:
        """How many samples only the second network gets right."""
        return sum(flip.b == flip.target for flip in self.flips)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain JSON values."""
        return {
            **asdict(self),
            "evaluations": [evaluation.to_json() for evaluation in self.evaluations],
            "broken": self.broken,
            "fixed": self.fixed,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One proof step and how it went."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an exported file is what was measured, check by check."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed; an empty verdict proves nothing."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"ok", "checks": [{"name", "ok", "detail"}]}``."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was written, its size in bytes and the proof that it is what was measured."""

    path: str
    bytes: int
    proof: Verdict = field(default_factory=lambda: Verdict(()))
