"""A question on the bench: its cells, its samples and the network, ready to be cut."""

from collections.abc import Generator
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from prunekit.measure.evaluate import Samples, read
from prunekit.objectives import metric_named
from prunekit.program.outputs import Outputs
from prunekit.program.program import BACKENDS, Batch, Ready
from prunekit.records import Point, Reading
from prunekit.search.cells import Cell, Cells
from prunekit.search.probe import Probe, chunks, probing
from prunekit.search.question import Question


class Bench:
    """A scan's question together with what measures its cells.

    Args:
        question: the question.
        cells: makes its cells.
        probe: measures cuts.

    Attributes:
        question: the question.
        cells: makes its cells.
        probe: measures cuts.
        split: the samples.
        levels: sparsities to try, fractions 0–1.
        seed: seed of what is drawn.
    """

    def __init__(self, question: Question, cells: Cells, probe: Probe) -> None:
        self.question, self.cells, self.probe = question, cells, probe
        self.split, self.levels, self.seed = question.split, tuple(question.levels), question.base.seed
        self._outputs = Outputs(question.model if question.train else probe.dense, question.split)
        self._held: list[Batch] = []

    @cached_property
    def logits(self) -> Tensor:
        """The dense network's outputs ``(n, classes)`` on all samples."""
        return self._outputs[:]

    @cached_property
    def dense_samples(self) -> Samples:
        """The losses and statistics of the dense network's outputs, sample by sample."""
        return Samples.of(self.logits, self.split.targets, metric_named(self.question.metric))

    @cached_property
    def dense(self) -> Reading:
        """The dense network's reading on all samples."""
        return self.read(self.logits, self.split.targets, self.logits)

    def prepare(self) -> Generator[None, None, list[Batch]]:
        """Run the dense network on all samples, in steps.

        Returns:
            The samples in batches with what any cut starts from; none where memory does not allow that.
        """
        parts = list(chunks(range(len(self.split))))
        while len(self._held) < len(parts):
            self._held.append(self.probe.batch(parts[len(self._held)]))
            yield
            if self._held[0].bytes * len(parts) > self.question.memory:
                self.release()
                break
        logits = [batch.logits for batch in self._held if batch.logits is not None]
        if logits and self.question.train is None:
            self._outputs.know(torch.cat(logits))
        yield from self._outputs.compute(len(self.split))
        return self._held

    def release(self) -> None:
        """Forget what cuts start from."""
        self._held = []

    def first(self, batch: Batch) -> Tensor:
        """Return the dense network's outputs on a batch of the first samples, without running it on all."""
        own = batch.logits if self.question.train is None else None
        return self._outputs[: len(batch.inputs)] if own is None else own

    def read(self, logits: Tensor, targets: Tensor, dense: Tensor) -> Reading:
        """Read a network's answers."""
        rule = metric_named(self.question.metric)
        return read(logits, targets, rule, dense_logits=dense, recalibrated=self.question.train is not None)

    def glance(self, logits: Tensor, targets: Tensor, dense: Tensor) -> Reading:
        """Read a network's answers on very few samples."""
        rule = metric_named(self.question.metric)
        samples = Samples.of(logits, targets, rule, dense)
        return samples.reading(rule, recalibrated=self.question.train is not None, glance=True)

    def point(self, cell: Cell, reading: Reading) -> Point:
        """Make a cell's point."""
        reading = replace(reading, recipe=cell.recipe.digest, backend=self.probe.program.backend)
        return Point(self.question.mode, cell.name, cell.level, reading)

    def ready(self, cell: Cell, glance: bool = False) -> Ready:
        """Prepare a cell's cut; with ``glance``, for an estimate only."""
        return self.probe.ready(self.cells.cut(cell, self.probe.program.state), glance)


def bench(question: Question) -> Generator[None, None, Bench]:
    """Get ready to answer a question.

    Yields:
        ``None`` after each short stretch of work.

    Raises:
        RecipeError: a level is no sparsity, a name cannot be cut, or the criterion or metric is unknown.
    """
    rule = metric_named(question.metric)
    cells = Cells(question)
    list(cells.at(question.levels))  # a level that is no sparsity is found before the work begins
    backends = BACKENDS if rule.largest_only else tuple(backend for backend in BACKENDS if backend != "half")
    probe = yield from probing(question.model, question.structure, question.split, question.train, backends)
    return Bench(question, cells, probe)
