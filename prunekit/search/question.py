"""What a scan asks, and what it needs to answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from prunekit.graph.structure import Structure
from prunekit.measure.evaluate import read
from prunekit.measure.metrics import metric_named
from prunekit.measure.program import Ready
from prunekit.recipe import Recipe
from prunekit.records import Mode, Point, Reading
from prunekit.search.cells import Cell, Cells
from prunekit.search.levels import LEVELS
from prunekit.search.probe import Probe
from prunekit.tasks.task import Split

LIMIT = 200
MEMORY = 1 << 30
"""Bytes of dense values that a scan may keep."""

Steps = Iterator[Point | None]
"""Points as they are measured, and ``None`` after each short stretch of work that ends without one."""


@dataclass(eq=False)
class Question:
    """One scan: its cells, its samples and the network to cut.

    Attributes:
        probe: measures cuts.
        cells: makes them.
        split: the samples.
        mode: what is cut.
        levels: sparsities to try, fractions 0–1.
        metric: name in ``METRICS``.
        recalibrated: whether BatchNorm is recalibrated after each cut.
        memory: bytes of dense values that may be kept.
        seed: seed of what is drawn.
    """

    probe: Probe
    cells: Cells
    split: Split
    mode: Mode
    levels: tuple[float, ...]
    metric: str
    recalibrated: bool
    memory: int = MEMORY
    seed: int = 0
    dense: Reading = field(init=False)

    def __post_init__(self) -> None:
        self.dense = self.read(self.probe.dense, self.split.targets, self.probe.dense)

    @staticmethod
    def of(
        model: nn.Module,
        structure: Structure,
        split: Split,
        *,
        mode: Mode = Mode.CHANNELS,
        levels: Sequence[float] = LEVELS,
        limit: int | None = LIMIT,
        metric: str = "accuracy",
        base: Recipe | None = None,
        train: Split | None = None,
        gradients: Mapping[str, Tensor] | None = None,
        memory: int = MEMORY,
    ) -> "Question":
        """Get ready to scan; see ``scan`` for the arguments."""
        common = base or Recipe()
        question = Recipe(common.task, criterion=common.criterion, seed=common.seed, recalibrate=train is not None)
        samples = split.head(limit)
        metric_named(metric)
        cells = Cells(model, structure, mode, question, gradients)
        list(cells.at(levels))  # a level that is no sparsity is found before the work begins
        probe = Probe(model, structure, samples, train)
        return Question(
            probe, cells, samples, mode, tuple(levels), metric, train is not None, memory, seed=question.seed
        )

    def read(self, logits: Tensor, targets: Tensor, dense: Tensor) -> Reading:
        """Read a network's answers."""
        rule = metric_named(self.metric)
        return read(logits, targets, rule, dense_logits=dense, recalibrated=self.recalibrated)

    def point(self, cell: Cell, reading: Reading) -> Point:
        """Make a cell's point."""
        return Point(self.mode, cell.name, cell.level, replace(reading, recipe=cell.recipe.digest))

    def ready(self, cell: Cell, glance: bool = False) -> Ready:
        """Prepare a cell's cut; with ``glance``, for an estimate only."""
        return self.probe.ready(self.cells.cut(cell, self.probe.program.state), glance)
