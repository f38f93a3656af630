"""Measuring cells as far as a wanted precision takes: in rounds, on growing samples, bracketing over levels."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from prunekit.measure.evaluate import divergences, losses
from prunekit.measure.metrics import metric_named
from prunekit.measure.program import Batch, Ready
from prunekit.records import Point, Reading, Status
from prunekit.search.anytime import Brackets, Draw, draw, enough, estimate, interpolate
from prunekit.search.bench import Bench
from prunekit.search.cells import Cell
from prunekit.search.probe import chunks
from prunekit.search.question import Steps


def within(asked: Bench, half_width: float, known: Collection[Point] = ()) -> Steps:
    """Measure cells until they are known well enough.

    Args:
        asked: the question on the bench.
        half_width: half of a 95 % interval may be this wide (or a tenth of the drop, where that is wider).
        known: points of an earlier scan that answered the same question, or all samples.

    Yields:
        A point for each cell: measured on all samples; estimated from fewer, with the interval that
        holds the value on all of them; or interpolated between two measured levels that agree.
    """
    yield from asked.prepare()
    drawn = draw(asked.logits, asked.seed)
    blocks = _Blocks(asked, drawn)
    table = _Table(asked, half_width, known)
    while True:
        yield from table.fill()
        cells = table.open()
        if not cells:
            return
        for step in _round(asked, cells, drawn, blocks, half_width):
            if step is not None:
                table.add(step)
            yield step


class _Table:
    """What is known of every cell, and what is to be measured next."""

    def __init__(self, asked: Bench, half_width: float, known: Collection[Point]) -> None:
        self._asked = asked
        self._cells = {(cell.name, cell.level): cell for cell in asked.cells.at(sorted(asked.levels))}
        self._brackets = Brackets(tuple(sorted(asked.levels)), asked.dense.value, half_width)
        self._measured: dict[str, dict[float, Reading]] = {name: {} for name in asked.cells.sizes}
        self._done: set[tuple[str, float]] = set()
        for point in known:
            if (point.name, point.level) in self._cells:
                self.add(point)

    def add(self, point: Point) -> None:
        """Note a point; what was interpolated says nothing new of its neighbours."""
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
                    yield self._asked.point(cell, interpolate(level, known, self._asked.dense))


def _round(asked: Bench, cells: Sequence[Cell], drawn: Draw, blocks: "_Blocks", half_width: float) -> Steps:
    """Measure cells together, block of samples by block, each until it is known well enough."""
    groups: dict[tuple[str, int], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.name, cell.kept), []).append(cell)
    answers: dict[tuple[str, int], list[Tensor]] = {key: [] for key in groups}
    readies: dict[tuple[str, int], Ready] = {}
    for check in range(len(drawn.checks)):
        for key in groups if check == 0 else list(readies):
            if check == 0:  # not all of them before the first cell is known
                readies[key] = asked.ready(groups[key][0])
                yield None
            for batch in blocks.at(check):
                if batch is not None:
                    answers[key].append(asked.probe.answer(readies[key], batch))
                yield None
            reading = _read_sample(asked, torch.cat(answers[key]), drawn, check)
            assert reading.interval is not None
            half = (reading.interval[1] - reading.interval[0]) / 2
            if check == len(drawn.checks) - 1 or enough(asked.dense.value - reading.value, half, half_width):
                del readies[key]
                for cell in groups[key]:
                    yield asked.point(cell, reading)
        if not readies:
            return


def _read_sample(asked: Bench, logits: Tensor, drawn: Draw, check: int) -> Reading:
    """Read answers on a stratified sample, by their difference from the dense network's."""
    n = drawn.checks[check]
    order = torch.from_numpy(drawn.order[:n])
    targets, dense = asked.split.targets[order], asked.logits[order]
    if check == len(drawn.checks) - 1:  # every sample was measured; back into the split's order
        back = torch.argsort(order)
        return asked.read(logits[back], asked.split.targets, asked.logits)
    rule = metric_named(asked.question.metric)
    own = asked.dense_samples.statistics
    change = rule.statistics(logits, targets) - own[order]
    moved = [estimate(column.numpy(), drawn, check)[0] for column in change.T]
    mean = own.mean(0) + torch.tensor(moved, dtype=torch.float64)
    value = rule.value(mean)
    # Near its value the metric moves with the averages as its slope says.
    half = estimate((change @ rule.slope(mean)).numpy(), drawn, check)[1]
    harder = losses(logits, targets) - asked.dense_samples.losses[order]
    return replace(
        asked.dense,
        value=value,
        n=n,
        correct=None,
        interval=(value - half, value + half),
        loss=asked.dense.loss + estimate(harder.numpy(), drawn, check)[0],
        kl=max(0.0, estimate(divergences(dense, logits).numpy(), drawn, check)[0]),
        per_class=(),
        status=Status.ESTIMATED,
    )


class _Blocks:
    """The dense network on the samples that each check adds, kept while memory allows."""

    def __init__(self, asked: Bench, drawn: Draw) -> None:
        self._asked, self._spans, self._order = asked, drawn.spans(), drawn.order
        self._memory = asked.question.memory
        self._held: dict[int, list[Batch]] = {}
        self._bytes = 0

    def at(self, check: int) -> Iterator[Batch | None]:
        """Yield the batches between one check and the one before, and ``None`` after each that had to be run."""
        if check not in self._held:
            start, stop = self._spans[check]
            batches = []
            for part in chunks(self._order[start:stop].tolist()):
                batches.append(self._asked.probe.batch(part))
                yield None
            size = sum(batch.bytes for batch in batches)
            while self._held and self._bytes + size > self._memory:  # the last go: every cell needs the first
                self._bytes -= sum(batch.bytes for batch in self._held.pop(max(self._held)))
            self._held[check] = batches
            self._bytes += size
        yield from self._held[check]
