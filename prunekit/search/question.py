"""What a scan measures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray
from torch import nn

from prunekit.graph.structure import Structure
from prunekit.recipe import Recipe
from prunekit.records import Mode, Point
from prunekit.search.levels import LEVELS
from prunekit.tasks.task import Split

LIMIT = 200
MEMORY = 1 << 30
"""Bytes of dense values that a scan may keep."""

Steps = Iterator[Point | None]
"""Points as they are measured, and ``None`` after each short stretch of work that ends without one."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One scan: each group (or layer) of a network cut alone, at several sparsities.

    Attributes:
        model: the dense network; untouched.
        structure: its analysis.
        split: validation samples.
        mode: what is cut.
        levels: sparsities to try, fractions 0–1.
        metric: name in ``METRICS``.
        base: recipe that gives task, criterion and seed; its cuts are ignored.
        train: train samples; with them BatchNorm is recalibrated before each measurement, without
            them the statistics are left as they are.
        scores: group (or layer) → the scores of its units (or weights) by the base's criterion. A question that comes
            with them needs neither the criterion nor what that reads; ``None`` scores by weights alone.
        names: the groups (or layers) that are cut, all that can be for ``None``.
        memory: bytes of dense values that may be kept; where all samples need more, one batch's are.
    """

    model: nn.Module
    structure: Structure
    split: Split
    mode: Mode = Mode.CHANNELS
    levels: Sequence[float] = LEVELS
    metric: str = "accuracy"
    base: Recipe = field(default_factory=Recipe)
    train: Split | None = None
    scores: Mapping[str, NDArray[Any]] | None = None
    names: Sequence[str] | None = None
    memory: int = MEMORY
