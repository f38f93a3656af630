"""The sensitivity scan: every group or layer cut alone, measured at several sparsities."""

from collections.abc import Collection

from prunekit.records import Point
from prunekit.search.bench import bench
from prunekit.search.cells import sizes
from prunekit.search.exact import exact, picture
from prunekit.search.levels import LEVELS, spread
from prunekit.search.question import LIMIT, Question, Steps
from prunekit.search.within import within

__all__ = [
    "LEVELS",
    "LIMIT",
    "Question",
    "bench",
    "exact",
    "picture",
    "scan",
    "sizes",
    "spread",
    "within",
]


def scan(question: Question, half_width: float | None = None, known: Collection[Point] = ()) -> Steps:
    """Cut each group (or layer) alone, and measure the network that is left.

    The dense network runs once on the samples; each cell runs only what its cut changes. Protected
    groups are never scanned.

    Args:
        question: what is scanned, and how.
        half_width: measure each cell until half of its 95 % interval is this narrow, or a tenth of the
            drop where that is wider; ``None`` measures every cell on all samples.
        known: points of an earlier scan of the same question; what they answer is not measured again.

    Yields:
        One point for each cell not known, and ``None`` after each short stretch of work without one.

    Raises:
        RecipeError: a level is no sparsity, or the criterion or metric is unknown.
    """
    prepared = yield from bench(question)
    yield from exact(prepared, known) if half_width is None else within(prepared, half_width, known)
