"""Measuring cells to a given precision: in rounds, on growing samples, with levels between two that agree left out."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from prunekit.measure.evaluate import divergences, losses
from prunekit.objectives import metric_named
from prunekit.program.program import Batch, Ready
from prunekit.records import Point, Reading, Status
from prunekit.search.anytime import Brackets, Draw, draw, enough, estimate, interpolate
from prunekit.search.bench import Bench
from prunekit.search.cells import Cell
from prunekit.search.probe import chunks
from prunekit.search.question import Steps


def within(bench: Bench, half_width: float, known: Collection[Point] = ()) -> Steps:
    """Measure cells until they are known well enough.

    Args:
        bench: the question, and what measures it.
        half_width: half of a 95 % interval may be this wide (or a tenth of the drop, where that is wider).
        known: points of an earlier scan that answered the same question, or all samples.

    Yields:
        A point for each cell: measured on all samples; estimated from fewer, with the interval that
        holds the value on all of them; or interpolated between two measured levels that agree.
    """
    held = yield from bench.prepare()
    drawn = draw(bench.logits, bench.seed)
    blocks = _Blocks(bench, drawn, held)
    table = _Table(bench, half_width, known)
    while True:
        yield from table.fill()
        cells = table.open()
        if not cells:
            return
        for step in _round(bench, cells, drawn, blocks, half_width):
            if step is not None:
                table.add(step)
            yield step


class _Table:
    """What is known of every cell, and what is to be measured next."""

    def __init__(self, bench: Bench, half_width: float, known: Collection[Point]) -> None:
        self._bench = bench
        self._cells = {(cell.name, cell.level): cell for cell in bench.cells.at(sorted(bench.levels))}
        self._brackets = Brackets(tuple(sorted(bench.levels)), bench.dense.value, half_width)
        self._measured: dict[str, dict[float, Reading]] = {name: {} for name in bench.cells.sizes}
        self._done: set[tuple[str, float]] = set()
        for point in known:
            if (point.name, point.level) in self._cells:
                self.add(point)

    def add(self, point: Point) -> None:
        """Record a point; an interpolated one is not used to interpolate others."""
        self._done.add((point.name, point.level))
        if point.reading.status is not Status.INTERPOLATED:
            self._measured[point.name][point.level] = point.reading

    def open(self) -> list[Cell]:
        """Return the cells to measure next."""
        return [
            self._cells[name, level]
            for name, known in self._measured.items()
            for level in self._brackets.wanted(known)[0]
        ]

    def fill(self) -> Iterator[Point]:
        """Yield the points between measured levels that agree."""
        for name, known in self._measured.items():
            for level in self._brackets.wanted(known)[1]:
                if (name, level) not in self._done:
                    self._done.add((name, level))
                    cell = self._cells[name, level]
                    yield self._bench.point(cell, interpolate(level, known, self._bench.dense))


def _round(bench: Bench, cells: Sequence[Cell], drawn: Draw, blocks: "_Blocks", half_width: float) -> Steps:
    """Measure cells together, block of samples by block, each until it is known well enough."""
    groups: dict[tuple[str, int], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.name, cell.kept), []).append(cell)
    answers: dict[tuple[str, int], list[Tensor]] = {key: [] for key in groups}
    readies: dict[tuple[str, int], Ready] = {}
    for check in range(len(drawn.checks)):
        for key in groups if check == 0 else list(readies):
            if check == 0:  # not all of them before the first cell is known
                readies[key] = bench.ready(groups[key][0])
                yield None
            for batch in blocks.at(check):
                if batch is not None:
                    answers[key].append(bench.probe.answer(readies[key], batch))
                yield None
            sample = _Sample(bench, torch.cat(answers[key]), drawn, check)
            if sample.whole or enough(sample.change, sample.half, half_width):
                del readies[key]
                reading = sample.read()
                for cell in groups[key]:
                    yield bench.point(cell, reading)
        if not readies:
            return


class _Sample:
    """Answers on a stratified sample, read by their difference from the dense network's.

    Attributes:
        whole: whether the sample is the split.
        change: how far the metric is from the dense network's.
        half: half of its 95 % interval.
    """

    def __init__(self, bench: Bench, logits: Tensor, drawn: Draw, check: int) -> None:
        self._bench, self._logits, self._drawn, self._check = bench, logits, drawn, check
        self._order = torch.from_numpy(drawn.order[: drawn.checks[check]])
        self.whole = check == len(drawn.checks) - 1
        rule, own = metric_named(bench.question.metric), bench.dense_samples.statistics
        moved = rule.statistics(logits, bench.split.targets[self._order]) - own[self._order]
        mean = own.mean(0) + torch.tensor([self._estimate(column)[0] for column in moved.T], dtype=torch.float64)
        self._value = rule.value(mean)
        self.change = self._value - bench.dense.value
        # Near its value the metric changes with the averages by its slope.
        self.half = self._estimate(moved @ rule.slope(mean))[1]

    def read(self) -> Reading:
        """Return the whole reading; what it has beyond the metric is computed only here."""
        bench, order, logits = self._bench, self._order, self._logits
        if self.whole:  # back into the split's order
            return bench.read(logits[torch.from_numpy(np.argsort(order.numpy()))], bench.split.targets, bench.logits)
        harder = losses(logits, bench.split.targets[order]) - bench.dense_samples.losses[order]
        return replace(
            bench.dense,
            value=self._value,
            n=len(order),
            correct=None,
            interval=(self._value - self.half, self._value + self.half),
            loss=bench.dense.loss + self._estimate(harder)[0],
            kl=max(0.0, self._estimate(divergences(bench.logits[order], logits))[0]),
            per_class=(),
            status=Status.ESTIMATED,
        )

    def _estimate(self, values: Tensor) -> tuple[float, float]:
        return estimate(values.numpy(), self._drawn, self._check)


class _Blocks:
    """The dense network on the samples that each check adds, kept while memory allows."""

    def __init__(self, bench: Bench, drawn: Draw, batches: Sequence[Batch]) -> None:
        self._bench, self._spans, self._order, self._batches = bench, drawn.spans(), drawn.order, batches
        self._memory = bench.question.memory - sum(batch.bytes for batch in batches)
        self._held: dict[int, list[Batch]] = {}
        self._bytes = 0

    def at(self, check: int) -> Iterator[Batch | None]:
        """Yield the batches between one check and the one before, and ``None`` after each that had to be run."""
        if check not in self._held:
            start, stop = self._spans[check]
            batches = []
            for part in chunks(self._order[start:stop].tolist()):
                probe = self._bench.probe
                batches.append(probe.rows(self._batches, part) if self._batches else probe.batch(part))
                yield None
            size = sum(batch.bytes for batch in batches)
            while self._held and self._bytes + size > self._memory:  # the last go: every cell needs the first
                self._bytes -= sum(batch.bytes for batch in self._held.pop(max(self._held)))
            self._held[check] = batches
            self._bytes += size
        yield from self._held[check]
