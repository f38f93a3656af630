"""The sensitivity scan: every group or layer cut alone, measured at several sparsities."""

from collections.abc import Collection, Mapping, Sequence

from torch import Tensor, nn

from prunekit.graph.structure import Structure
from prunekit.recipe import Recipe
from prunekit.records import Mode, Point
from prunekit.search.cells import sizes
from prunekit.search.exact import exact, picture
from prunekit.search.levels import LEVELS, spread
from prunekit.search.question import LIMIT, MEMORY, Question, Steps
from prunekit.search.within import within
from prunekit.tasks.task import Split

__all__ = ["LEVELS", "LIMIT", "Question", "exact", "picture", "scan", "sizes", "spread", "within"]


def scan(
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
    known: Collection[Point] = (),
    half_width: float | None = None,
    memory: int = MEMORY,
) -> Steps:
    """Cut each group (or layer) alone, and measure the network that is left.

    The dense network runs once on the samples; each cell runs only what its cut changes. Protected
    groups are never scanned.

    Args:
        model: the dense network; untouched.
        structure: its analysis.
        split: validation samples.
        mode: what is cut.
        levels: sparsities to try, fractions 0–1.
        limit: measure on the first this many samples, all for ``None``.
        metric: name in ``METRICS``.
        base: recipe that gives task, criterion and seed; its cuts are ignored.
        train: train samples; with them BatchNorm is recalibrated before each measurement, without
            them the statistics are left as they are.
        gradients: parameter name → loss gradients, for ``taylor``.
        known: points of an earlier scan of the same question; what they answer is not measured again.
        half_width: measure each cell until half of its 95 % interval is this narrow, or a tenth of the
            drop where that is wider; ``None`` measures every cell on all samples.
        memory: bytes of dense values that may be kept; where all samples need more, one batch's are.

    Yields:
        One point for each cell not known, and ``None`` after each short stretch of work without one.
    """
    asked = Question.of(
        model,
        structure,
        split,
        mode=mode,
        levels=levels,
        limit=limit,
        metric=metric,
        base=base,
        train=train,
        gradients=gradients,
        memory=memory,
    )
    return exact(asked, known) if half_width is None else within(asked, half_width, known)
