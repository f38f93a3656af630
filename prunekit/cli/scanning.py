"""How sensitive each group or layer is."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.cli.options import add_task, add_verb, count, opened_of, read_recipe, refuse_unused
from prunekit.cli.output import check_file, progress, show, write_json
from prunekit.criteria import CRITERIA, FALLBACK
from prunekit.errors import RecipeError
from prunekit.objectives import metric_named

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs
    from prunekit.verbs import Opened


def add(verbs: "Verbs") -> None:
    """Add ``scan``."""
    command = add_task(add_verb(verbs, "scan", _scan, "Measure how sensitive each group or layer is."))
    command.add_argument(
        "--kind",
        choices=["channels", "weights", "blocks", "bits"],
        default="channels",
        help="what is taken from each part (default: channels)",
    )
    precision = command.add_mutually_exclusive_group()
    precision.add_argument(
        "--within",
        type=_points,
        metavar="POINTS",
        help="measure each cell until its 95 %% interval is this narrow to each side, in points of the metric, or a"
        " tenth of the drop where that is more (default: 1)",
    )
    precision.add_argument("--exact", action="store_true", help="measure every cell on all samples")
    command.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="measure in this many processes of one thread each; 1 measures in this one"
        " (default: one for each core, where the scan takes long enough)",
    )
    command.add_argument("--limit", type=count, help="look at the first this many samples only")
    command.add_argument("--criterion", help=f"what goes first: {', '.join(CRITERIA)} (default: {FALLBACK})")
    command.add_argument("--recipe", type=Path, help="with --kind bits: scan the network that this recipe leaves")
    command.add_argument("--out", type=Path, help="write the points as JSON")


def _scan(options: argparse.Namespace) -> None:
    from prunekit import verbs
    from prunekit.records import Mode

    check_file(options.out)
    if options.recipe and options.kind != "bits":
        raise RecipeError(f"A scan of {options.kind} is of the dense network; leave --recipe out, or scan --kind bits.")
    within, criterion = options.within or 1.0, options.criterion or FALLBACK
    if options.kind in OTHERS:
        refuse_unused(options, ("within", "workers", "limit", "criterion"))
    opened = opened_of(options)
    if options.kind in OTHERS:
        OTHERS[options.kind](options, opened)
        return
    mode = Mode(options.kind)
    total = verbs.scan_size(opened, mode)
    points = []
    half_width = None if options.exact else within / 100
    for point in verbs.scan(
        opened,
        mode,
        limit=options.limit,
        criterion=criterion,
        half_width=half_width,
        workers=options.workers,
    ):
        points.append({**asdict(point), "kind": point.kind.value})
        progress(len(points), total, f"{point.name} at {point.level:.0%}")
    points = _in_order(points, opened)
    answer = {
        "task": opened.task.name,
        "kind": mode.value,
        "criterion": criterion,
        "within": None if options.exact else within,
        "points": points,
    }
    if options.out:
        write_json(options.out, answer)
    samples = len(opened.task.data.validation.head(options.limit))
    show(options, answer, _points_text(points, opened, half_width, samples))


def _in_order(points: Sequence[dict[str, Any]], opened: "Opened") -> list[dict[str, Any]]:
    """Sort points as the network runs: a scan that was gone on with says what one in a single go does."""
    groups = [group.name for group in opened.structure.groups]
    places = {name: place for place, name in enumerate([*groups, *(layer.name for layer in opened.structure.layers)])}
    return sorted(points, key=lambda point: (places[point["name"]], point["level"]))


def _blocks(options: argparse.Namespace, opened: "Opened") -> None:
    from prunekit import verbs

    removals = []
    for removal in verbs.scan_blocks(opened):
        removals.append(removal)
        progress(len(removals), len(verbs.known_removals(opened)), removal.block.name)
    blocks = [removal.to_json() for removal in removals]
    answer = {"task": opened.task.name, "kind": "blocks", "blocks": blocks}
    if options.out:
        write_json(options.out, answer)
    show(options, answer, _blocks_text(blocks, opened))


def _blocks_text(blocks: Sequence[dict[str, Any]], opened: "Opened") -> Iterator[str]:
    if blocks:
        readings = [block["reading"] for block in blocks]
        yield f"alone: {_metric(readings, opened)} without this block and the change by it, {_measured(readings)}"
    for block in blocks:
        influence = "not known" if block["influence"] is None else f"{block['influence']:.3f}"
        yield (
            f"{block['block']['name']:<28} influence {influence}  {block['macs']:>6.1%} of the MACs"
            f"  alone {block['reading']['value']:.1%} ({100 * block['drop']:+.1f} points)"
        )


def _bits(options: argparse.Namespace, opened: "Opened") -> None:
    from prunekit import verbs

    recipe, points = read_recipe(options), []
    total = verbs.scan_bits_size(opened, recipe)
    for point in verbs.scan_bits(opened, recipe):
        points.append({**asdict(point), "kind": point.kind.value})
        progress(len(points), total, f"{point.name} at {point.level:.0f} bits")
    points = _in_order(points, opened)
    answer = {"task": opened.task.name, "kind": "bits", "points": points}
    if options.out:
        write_json(options.out, answer)
    show(options, answer, _bits_text(points, opened))


OTHERS = {"blocks": _blocks, "bits": _bits}
"""Scans of what no slider removes: each cell is measured on all samples."""


def _bits_text(points: Sequence[dict[str, Any]], opened: "Opened") -> Iterator[str]:
    if points:
        readings = [point["reading"] for point in points]
        yield f"bits of this layer → {_metric(readings, opened)}, {_measured(readings)}"
    for name in dict.fromkeys(point["name"] for point in points):
        row = [(point["level"], point["reading"]["value"]) for point in points if point["name"] == name]
        yield f"{name:<24} " + "  ".join(f"{bits:.0f}→{value:.1%}" for bits, value in row)


def _points(text: str) -> float:
    value = float(text)
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"a half-width is above 0 and at most 100 points, not {text}")
    return value


def _points_text(
    points: Sequence[dict[str, Any]], opened: "Opened", half_width: float | None, samples: int
) -> Iterator[str]:
    if points:
        readings = [point["reading"] for point in points]
        precision = _measured(readings)
        if half_width is not None:
            within = "1 point" if half_width == 0.01 else f"{100 * half_width:g} points"
            precision = (
                f"estimated to {within}, or a tenth of the drop, of its value on {samples:,}"
                " validation samples (95 % interval)"
            )
        yield f"fraction removed → {_metric(readings, opened)}, {precision}"
    for name in dict.fromkeys(point["name"] for point in points):
        row = sorted((p["level"], p["reading"]["value"]) for p in points if p["name"] == name)
        yield f"{name:<24} " + "  ".join(f"{level:.0%}→{value:.1%}" for level, value in row)


def _metric(readings: Sequence[dict[str, Any]], opened: "Opened") -> str:
    """Name what the percentages of a scan are, which of a metric of one's own is not always that metric."""
    name, metric = readings[0]["metric"], opened.metric
    if name != metric.name:
        beside = name if metric_named(name).of_dense else f"{name} of the answers"
        return f"{beside} with the dense network (a scan of many networks does not read {metric.name})"
    if metric.of_dense:
        return f"{name} with the dense network"
    return name if metric.higher_is_better else f"{name} (lower is better)"


def _measured(readings: Sequence[dict[str, Any]]) -> str:
    """Say what was measured on, and how wide the intervals are where the metric has any."""
    halves = [(high - low) / 2 for low, high in (reading["interval"] for reading in readings if reading["interval"])]
    interval = f", 95 % intervals up to {100 * max(halves):.1f} points to each side" if halves else ""
    return f"measured on {readings[0]['n']:,} {readings[0]['split']} samples{interval}"
