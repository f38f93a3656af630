"""The readings strip as plain values: metric and costs of the desk's network, each with its status.

The browser draws it, since counts follow the pointer there and readings come while a bar moves.
"""

from dataclasses import asdict, dataclass
from typing import Any

from prunekit.records import Latency, Reading, Run
from prunekit.ui.state.repaired import Repaired
from prunekit.ui.state.standing import Standing
from prunekit.ui.widgets.text import change, count, interval, percent, points, sampled, signed, size, titled


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure.

    Attributes:
        name: its key in the browser.
        label: its name on screen.
        value: the figure; never blank.
        status: exact, measured, measuring or stale.
        delta: the change from the task's own network.
        good: whether the change is for the better; ``None`` where it is neither.
        detail: the samples it was measured on, or the exact number.
    """

    name: str
    label: str
    value: str
    status: str
    delta: str = ""
    good: bool | None = None
    detail: tuple[str, ...] = ()


def tiles(
    standing: Standing, latency: Latency | None = None, repair: Repaired | None = None, trained: Run | None = None
) -> list[dict[str, Any]]:
    """Return the strip, for the browser.

    Args:
        standing: what is known of the desk.
        latency: what was last timed of the desk's recipe.
        repair: how far the repair of the desk is.
        trained: a run of the desk's recipe after training.
    """
    worth = [_accuracy(standing), _repaired(standing, repair or Repaired()), _trained(standing, trained)]
    strip = [*worth, *_counts(standing), _latency(latency), *_measured(standing)]
    return [asdict(tile) for tile in strip]


def _accuracy(standing: Standing) -> Tile:
    reading = standing.evaluation.reading if standing.evaluation else None
    if standing.refused:
        return Tile("accuracy", titled(standing.metric), "none", standing.status, detail=("the reason is below",))
    if reading is None:
        return Tile("accuracy", titled(standing.metric), "…", standing.status, detail=("on its way",))
    delta, good = _gain(standing, reading)
    return Tile(
        "accuracy",
        f"{titled(reading.metric)} as cut" if standing.cost != standing.dense else titled(reading.metric),
        percent(reading.value),
        standing.status,
        delta,
        good,
        tuple(_sample(reading, standing.proven)),
    )


def _repaired(standing: Standing, repair: Repaired) -> Tile:
    """Return the metric after the layers behind the cut were fitted, without training."""
    reading, label = repair.reading, "Repaired"
    detail: tuple[str, ...]
    if reading is None:
        detail = (repair.reason or "starts when the hand rests", "layers behind the cut fitted by least squares")
        waits = not repair.reason and not repair.finished
        return Tile("repaired", label, "…" if waits else "–", "measuring" if waits else "", detail=detail)
    delta, good = _gain(standing, reading)
    status = "measured" if repair.finished and reading.n >= standing.samples else "measuring"
    detail = (*_sample(reading, True), "layers behind the cut fitted by least squares, without training")
    return Tile("repaired", label, percent(reading.value), status, delta, good, detail)


def _trained(standing: Standing, run: Run | None) -> Tile:
    """Return the metric of the newest run that trained the desk's recipe."""
    reading = _validation(run) if run else None
    if run is None or reading is None:
        return Tile("trained", "After training", "–", "", detail=("no run of this recipe: train it on Recover",))
    delta, good = _gain(standing, reading)
    detail = (f"run {run.id[:6]}, {run.label}" if run.label else f"run {run.id[:6]}", *_sample(reading, True))
    return Tile("trained", "After training", percent(reading.value), "measured", delta, good, detail)


def _gain(standing: Standing, reading: Reading) -> tuple[str, bool | None]:
    """Compare a reading with the dense network's, on the same samples only: some may be easier than all."""
    reference = standing.reference.reading if standing.reference else None
    if reference is None or reference.n != reading.n:
        return "", None
    delta = points(reading.value, reference.value)
    return delta or "", (reading.value > reference.value) is standing.higher_is_better if delta else None


def _validation(run: Run) -> Reading | None:
    return next((reading for reading in run.readings if reading.split == "validation"), None)


def _sample(reading: Reading, proven: bool) -> list[str]:
    lines = [f"{sampled(reading)} {reading.split} samples"]
    if not proven:
        lines.append("not yet proven")
    if reading.interval:
        lines.append(f"95 % interval {interval(reading.interval)}")
    if reading.value_raw is not None:
        lines.append(f"{percent(reading.value_raw)} before recalibration")
    elif reading.recalibrated:
        lines.append("before recalibration: on its way")
    return lines


def _counts(standing: Standing) -> list[Tile]:
    now, dense = standing.cost, standing.dense
    strip = []
    for name, label in (("params", "Parameters"), ("macs", "MACs"), ("flops", "FLOPs"), ("bytes", "Bytes")):
        value, before = getattr(now, name), getattr(dense, name)
        text = size(value) if name == "bytes" else count(value)
        delta = change(value, before) or ""
        strip.append(Tile(name, label, text, "exact", delta, value < before if delta else None, (f"{value:,}",)))
    return strip


def _latency(latency: Latency | None) -> Tile:
    if latency is None:
        return Tile("latency", "Latency", "not timed", "", detail=("time it in the menu Latency",))
    timing = latency.candidate.cpu if latency.clock == "cpu" else latency.candidate.wall
    low, high = latency.candidate.cpu_quartiles if latency.clock == "cpu" else latency.candidate.wall_quartiles
    bounds = f"{latency.interval[0]:.2f}–{latency.interval[1]:.2f}"
    verdict = latency.verdict.value
    good = {"faster": True, "slower": False}.get(verdict)
    delta = f"{latency.speedup:.2f}×" if good is not None else ""
    lines = (
        f"quartiles {1000 * low:.2f}–{1000 * high:.2f} ms, {latency.clock} time",
        f"{verdict} than dense: {bounds}×" if good is not None else f"{verdict}: {bounds}×",
        f"batch {latency.batch}, {latency.threads} thread{'s' if latency.threads > 1 else ''}",
    )
    return Tile("latency", "Latency", f"{1000 * timing:.2f} ms", "measured", delta, good, lines)


def _measured(standing: Standing) -> list[Tile]:
    """Return the less important figures, which come last: loss, KL, compressed bytes, thop's count."""
    evaluation, reference = standing.evaluation, standing.reference
    reading = evaluation.reading if evaluation else None
    before = reference.reading if reference else None
    nothing = "none" if standing.refused else "…"
    loss = signed(reading.loss, before.loss) if reading and before else None
    zipped = evaluation.bytes_gzip if evaluation else None
    zipped_before = reference.bytes_gzip if reference else None
    delta = change(zipped, zipped_before) if zipped and zipped_before else None
    full = "measuring" if standing.status == "measured" and zipped is None else standing.status
    strip = [
        Tile("loss", "Loss", f"{reading.loss:.3f}" if reading else nothing, standing.status, loss or ""),
        Tile(
            "kl", "KL to dense", f"{reading.kl:.3f}" if reading and reading.kl is not None else nothing, standing.status
        ),
        Tile("gzip", "Bytes after gzip", size(zipped) if zipped else nothing, full, delta or ""),
        Tile("thop", "MACs (thop)", *_thop(standing, full)),
    ]
    if evaluation and evaluation.nonzero is not None and evaluation.nonzero < evaluation.cost.params:
        detail = f"of {evaluation.cost.params:,} parameters"
        strip.append(Tile("nonzero", "Not zero", count(evaluation.nonzero), full, detail=(detail,)))
    return strip


def _thop(standing: Standing, status: str) -> tuple[str, str, str, None, tuple[str, ...]]:
    evaluation, reference = standing.evaluation, standing.reference
    if evaluation is None or evaluation.bytes_gzip is None:  # both are counted last
        return "none" if standing.refused else "…", status, "", None, ()
    if evaluation.macs_thop is None:
        return "not available", status, "", None, ("thop cannot count this network",)
    before = reference.macs_thop if reference else None
    delta = change(evaluation.macs_thop, before) if before else None
    missing = evaluation.macs_thop_missing
    uncounted = (f"not counted: {', '.join(missing)}",) if missing else ()
    return count(evaluation.macs_thop), status, delta or "", None, uncounted
