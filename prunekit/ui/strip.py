"""The readings strip: what the desk's network costs and how well it does, each number saying what it is."""

from dataclasses import dataclass

import streamlit as st

from prunekit.records import Cost, Evaluation, Reading
from prunekit.ui.badges import EXACT, MEASURED, MEASURING, STALE
from prunekit.ui.text import change, count, interval, literal, percent, points, signed, size

COLLAPSED = 2.0
"""Times chance below which an accuracy says that the network does not work any more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the desk right now.

    Attributes:
        recipe: digest of the desk's recipe.
        samples: how many samples an exact reading has.
        cost: counts of the desk's network, by closed formula.
        dense: counts of the task's own network.
        evaluation: the newest evaluation, of this recipe or of the one before.
        reference: the newest evaluation of the task's own network.
    """

    recipe: str
    samples: int
    cost: Cost
    dense: Cost
    evaluation: Evaluation | None
    reference: Evaluation | None

    @property
    def fresh(self) -> bool:
        """Whether the evaluation is of the desk's recipe."""
        return self.evaluation is not None and self.evaluation.reading.recipe == self.recipe

    @property
    def status(self) -> str:
        """The badge of what was measured on samples."""
        if self.evaluation is None:
            return MEASURING
        if not self.fresh:
            return STALE
        return MEASURED if self.evaluation.reading.n >= self.samples else MEASURING

    def collapsed(self, classes: int) -> bool:
        """Whether what was measured of the desk's recipe is near chance."""
        return (
            self.status == MEASURED
            and self.evaluation is not None
            and self.evaluation.reading.metric == "accuracy"
            and self.evaluation.reading.value < COLLAPSED / max(1, classes)
        )


def strip(standing: Standing) -> None:
    """Draw the readings."""
    with st.grid(4, min_column_width=180):
        _accuracy(standing)
        _counts(standing)
        _loss(standing)
        _measured_sizes(standing)


def _accuracy(standing: Standing) -> None:
    reading = standing.evaluation.reading if standing.evaluation else None
    reference = standing.reference.reading if standing.reference else None
    name = reading.metric if reading else "accuracy"
    value = percent(reading.value) if reading else "…"
    delta = points(reading.value, reference.value) if reading and reference else None
    _tile(f"{literal(name.capitalize())} {standing.status}", value, delta, _sample(reading), better="normal")


def _sample(reading: Reading | None) -> str:
    if reading is None:
        return "on its way"
    of = f"{reading.correct:,} of {reading.n:,}" if reading.correct is not None else f"{reading.n:,}"
    bounds = f", 95 % interval {interval(reading.interval)}" if reading.interval else ""
    raw = f"  \n{percent(reading.value_raw)} before recalibration" if reading.value_raw is not None else ""
    return f"{of} {reading.split} samples{bounds}{raw}"


def _counts(standing: Standing) -> None:
    now, dense = standing.cost, standing.dense
    evaluation = standing.evaluation if standing.fresh else None
    zeros = ""
    if evaluation and evaluation.nonzero is not None and evaluation.nonzero < now.params:
        zeros = f"{count(evaluation.nonzero)} of them not zero"
    _tile(f"Parameters {EXACT}", count(now.params), change(now.params, dense.params), zeros or f"{now.params:,}")
    _tile(f"MACs {EXACT}", count(now.macs), change(now.macs, dense.macs), f"{now.macs:,} for one input")
    _tile(f"Bytes {EXACT}", size(now.bytes), change(now.bytes, dense.bytes), "parameters and buffers, as stored")
    _tile(f"FLOPs {EXACT}", count(now.flops), change(now.flops, dense.flops), "two for each MAC")


def _loss(standing: Standing) -> None:
    reading = standing.evaluation.reading if standing.evaluation else None
    reference = standing.reference.reading if standing.reference else None
    loss = f"{reading.loss:.3f}" if reading else "…"
    delta = signed(reading.loss, reference.loss) if reading and reference else None
    kl = reading.kl if reading else None
    _tile(
        f"Loss {standing.status}",
        loss,
        delta,
        "KL to the dense network " + ("…" if kl is None else f"{kl:.3f}"),
    )


def _measured_sizes(standing: Standing) -> None:
    evaluation, reference = standing.evaluation, standing.reference
    zipped = evaluation.bytes_gzip if evaluation else None
    zipped_dense = reference.bytes_gzip if reference else None
    _tile(
        f"Bytes after gzip {MEASURED if zipped and standing.fresh else standing.status if zipped else MEASURING}",
        "…" if zipped is None else size(zipped),
        change(zipped, zipped_dense) if zipped and zipped_dense else None,
        "what a compressed download takes",
    )
    counted = evaluation is not None and evaluation.bytes_gzip is not None
    thop, thop_dense = (evaluation.macs_thop if evaluation else None), (reference.macs_thop if reference else None)
    missing = evaluation.macs_thop_missing if evaluation else ()
    _tile(
        f"MACs (thop) {MEASURED if counted and standing.fresh else standing.status if counted else MEASURING}",
        "…" if not counted else "not available" if thop is None else count(thop),
        change(thop, thop_dense) if thop and thop_dense else None,
        f"not counted: {literal(', '.join(missing))}" if missing else "as the thop package counts",
    )


def _tile(label: str, value: str, delta: str | None, detail: str, better: str = "inverse") -> None:
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(label, value, delta, delta_color=better)  # type: ignore[arg-type]  # "normal" or "inverse"
        st.caption(detail)
