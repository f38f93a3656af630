"""The sensitivity scan of the desk's task: what is stored, what it would cost, and starting it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunekit.records import Mode, Point
from prunekit.ui import jobs
from prunekit.ui.cached import dense_evaluation
from prunekit.ui.reading import desk_recipe
from prunekit.ui.session import session

if TYPE_CHECKING:
    from prunekit.verbs import Opened

SAMPLES = 200
"""Validation samples that each point is measured on."""
OVERHEAD = 0.05
"""Seconds that a point takes besides its samples: cutting, shrinking, storing."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan of one task in one mode under one criterion.

    Attributes:
        mode: what is cut.
        criterion: what goes first.
        names: the groups or layers, in execution order.
        points: what is stored.
        total: how many points a whole scan has.
        left: how many of them are still to be measured.
    """

    mode: Mode
    criterion: str
    names: tuple[str, ...]
    points: tuple[Point, ...]
    total: int
    left: int


def current_scan(opened: "Opened") -> Scan:
    """Return the scan that belongs to the desk."""
    from prunekit import verbs
    from prunekit.search.scan import LEVELS

    mode, criterion = session().mode, desk_recipe(opened).criterion
    structure = opened.structure
    parts = structure.prunable if mode is Mode.CHANNELS else structure.layers
    points = verbs.stored_points(opened, mode, SAMPLES, criterion)
    total = verbs.scan_size(opened, mode)
    done = sum(point.level in LEVELS for point in points)  # a plan measures layers at higher sparsities, too
    return Scan(mode, criterion, tuple(part.name for part in parts), points, total, total - done)


def owner(opened: "Opened") -> str:
    """Return the name under which the scan of the desk runs."""
    return f"scan {opened.digest} {session().mode.value} {desk_recipe(opened).criterion}"


def start(opened: "Opened") -> None:
    """Start or resume the scan of the desk."""
    from prunekit import verbs

    scan = current_scan(opened)
    jobs.start(
        owner(opened),
        "Scan",
        lambda: verbs.scan_steps(opened, scan.mode, limit=SAMPLES, criterion=scan.criterion),
        scan.total,
    )


def seconds(opened: "Opened") -> float | None:
    """Estimate how long one point will take; ``None`` before anything was measured."""
    dense = dense_evaluation(opened.digest, opened, None)
    if not dense.finished:
        return None
    share = min(1.0, SAMPLES / max(1, len(opened.task.data.validation)))
    return dense.snapshot().elapsed * share + OVERHEAD
