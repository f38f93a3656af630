"""Measuring cells on all samples, or all cells on a few."""

from collections.abc import Collection, Sequence
from itertools import groupby

import torch
from torch import Tensor

from prunekit.program.program import Batch
from prunekit.records import Point, Reading
from prunekit.search.bench import Bench
from prunekit.search.cells import Cell
from prunekit.search.levels import spread
from prunekit.search.probe import chunks
from prunekit.search.question import Steps

PICTURE = 16
"""Samples of the first picture: on three networks they ranked layers as 32 did, in three quarters of the time."""


def picture(bench: Bench, known: Collection[Point] = (), samples: int = PICTURE) -> Steps:
    """Measure every cell on a few samples, to show early where the network is sensitive.

    Args:
        bench: the question, and what measures it.
        known: points that need no picture.
        samples: the first this many are measured.

    Yields:
        Points that are estimates without an interval, since so few samples show little of the metric. Where
        BatchNorm is recalibrated, few samples are used for that too.
    """
    batch = bench.probe.batch(range(min(samples, len(bench.split))))
    dense, targets = bench.first(batch), bench.split.targets[: len(batch.inputs)]
    done = {(point.name, point.level) for point in known}
    seen: dict[tuple[str, int], Reading] = {}
    for cell in bench.cells.at(spread(bench.levels)):
        if (cell.name, cell.level) in done:
            continue
        if (cell.name, cell.kept) not in seen:
            seen[cell.name, cell.kept] = bench.glance(
                bench.probe.answer(bench.ready(cell, glance=True), batch), targets, dense
            )
        yield bench.point(cell, seen[cell.name, cell.kept])


def exact(bench: Bench, known: Collection[Point] = (), cells: Collection[tuple[str, float]] | None = None) -> Steps:
    """Measure cells on all samples.

    Args:
        bench: the question, and what measures it.
        known: points of an earlier scan, which measured them on all samples.
        cells: ``(name, level)`` of the cells to measure, all for ``None``.

    Yields:
        A point for each of them. Where memory allows, all names come at one level before the next
        level begins, and the levels in an order that soon spans the range; else name by name.
    """
    n = len(bench.split)
    done = {(point.name, point.level) for point in known}
    remaining = [
        cell
        for cell in bench.cells.at(spread(bench.levels))
        if (cell.name, cell.level) not in done and (cells is None or (cell.name, cell.level) in cells)
    ]
    if not remaining:
        return
    held = yield from bench.prepare()
    if held:
        yield from _together(bench, remaining, held)
        return
    parts, names = list(chunks(range(n))), list(bench.cells.sizes)
    for _, own in groupby(sorted(remaining, key=lambda cell: names.index(cell.name)), key=lambda cell: cell.name):
        yield from _by_name(bench, list(own), parts)


def _together(bench: Bench, cells: Sequence[Cell], held: Sequence[Batch]) -> Steps:
    """Measure cell by cell on batches that are all kept."""
    seen: dict[tuple[str, int], Reading] = {}
    for cell in cells:
        if (cell.name, cell.kept) not in seen:  # of few units, several levels keep the same
            ready = bench.ready(cell)
            answers: list[Tensor] = []
            for batch in held:
                yield None
                answers.append(bench.probe.answer(ready, batch))
            seen[cell.name, cell.kept] = bench.read(torch.cat(answers), bench.split.targets, bench.logits)
        yield bench.point(cell, seen[cell.name, cell.kept])


def _by_name(bench: Bench, cells: Sequence[Cell], parts: Sequence[list[int]]) -> Steps:
    """Measure one name's cells batch by batch, of which only one is kept."""
    readies = {}
    for cell in cells:
        if cell.kept not in readies:
            readies[cell.kept] = bench.ready(cell)
            yield None
    answers: dict[int, list[Tensor]] = {kept: [] for kept in readies}
    for part in parts:
        batch = bench.probe.prefix(part, list(readies.values()))
        yield None
        for kept, ready in readies.items():
            answers[kept].append(bench.probe.answer(ready, batch))
            yield None
    targets, dense = bench.split.targets, bench.logits
    readings = {kept: bench.read(torch.cat(parts), targets, dense) for kept, parts in answers.items()}
    for cell in cells:
        yield bench.point(cell, readings[cell.kept])
