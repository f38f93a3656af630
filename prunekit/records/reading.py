"""What is measured of one network."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from prunekit.records.html import table
from prunekit.records.modes import Status
from prunekit.records.proof import Exactness
from prunekit.records.structure import Cost


@dataclass(frozen=True, slots=True, repr=False)
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
        backend: how a scan ran the network, one of ``program.program.BACKENDS``; empty elsewhere.
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
    backend: str = ""

    def __repr__(self) -> str:
        of = f"{self.n}" if self.correct is None else f"{self.correct}/{self.n}"
        interval = "" if self.interval is None else ", 95 % interval {:.2%} to {:.2%}".format(*self.interval)
        raw = "" if self.value_raw is None else f"; {self.value_raw:.2%} before recalibration"
        estimated = "" if self.status is Status.MEASURED else f", {self.status.value}"
        return f"{self.metric} {self.value:.2%}  {of} {self.split}{interval}{estimated}{raw}"


@dataclass(frozen=True, slots=True, repr=False)
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
        exactness: the proof of the cut; ``None`` before it was made, or where nothing was cut or can be compared.
    """

    reading: Reading
    cost: Cost
    macs_thop: int | None = None
    macs_thop_missing: tuple[str, ...] = ()
    bytes_gzip: int | None = None
    nonzero: int | None = None
    notes: tuple[str, ...] = ()
    exactness: Exactness | None = None

    def __repr__(self) -> str:
        return "\n".join([repr(self.reading), *(f"{name}: {value}" for name, value in self._rows()), *self.notes])

    def _repr_html_(self) -> str:
        return table(repr(self.reading), self._rows(), self.notes)

    def _rows(self) -> Iterator[tuple[str, str]]:
        """Name what there is besides the metric, in words and numbers."""
        yield "loss", f"{self.reading.loss:.4f}"
        if self.reading.kl is not None:
            yield "KL to dense", f"{self.reading.kl:.4f}"
        zeros = "" if self.nonzero is None else f" ({self.nonzero:,} not zero)"
        yield "parameters", f"{self.cost.params:,}{zeros}"
        yield "MACs", f"{self.cost.macs:,} (FLOPs {self.cost.flops:,})"
        if self.macs_thop is not None:
            missing = f" (without {', '.join(self.macs_thop_missing)})" if self.macs_thop_missing else ""
            yield "MACs (thop)", f"{self.macs_thop:,}{missing}"
        gzipped = "" if self.bytes_gzip is None else f" ({self.bytes_gzip:,} after gzip)"
        yield "bytes", f"{self.cost.bytes:,}{gzipped}"
        if self.exactness is not None:
            yield "cut", f"proven exact, on {self.exactness.samples} samples"

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
            "cut_error": None if self.exactness is None else self.exactness.error,
            "notes": list(self.notes),
        }
