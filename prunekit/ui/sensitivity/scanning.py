"""Sensitivity scans of the task: what is stored, what measuring more would cost, and starting it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prunekit.criteria import criterion_title
from prunekit.records import Mode, Point
from prunekit.search.pace import expected
from prunekit.ui.state import jobs
from prunekit.ui.state.cached import dense_evaluation
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import session

if TYPE_CHECKING:
    from prunekit.verbs import Opened

PRECISIONS = {"picture": "First picture", "within": "Within 1 point", "exact": "Exact"}
JOBS = {"picture": "First picture of a scan", "within": "Scan within 1 point", "exact": "Exact scan"}
"""What the job of each precision is called where nothing beside it says that it is a scan."""
PLANNED = 0.15
"""Time that a point of a plan takes, as a share of one pass over the validation split."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Scans of one task in one mode under one criterion.

    Attributes:
        mode: what is cut.
        criterion: the criterion by which units or weights are removed.
        names: the groups or layers, in execution order.
        points: the best point that is known of each cell.
        total: how many points a whole scan has.
        remaining: how many of them are still to be measured, for each precision.
    """

    mode: Mode
    criterion: str
    names: tuple[str, ...]
    points: tuple[Point, ...]
    total: int
    remaining: dict[str, int]


def current_scan(opened: "Opened", criterion: str | None = None) -> Scan:
    """Return what is scanned in the desk's mode by a criterion; by the desk's for ``None``."""
    from prunekit import verbs
    from prunekit.search.scan import LEVELS, sizes

    mode, criterion = session().mode, criterion or desk_recipe(opened).criterion
    names = tuple(sizes(opened.structure, mode))
    points = verbs.stored_points(opened, mode, criterion=criterion, half_width=verbs.WITHIN, pictures=True)
    answers = {
        "picture": points,
        "within": verbs.stored_points(opened, mode, None, criterion, verbs.WITHIN),
        "exact": verbs.stored_points(opened, mode, None, criterion),
    }
    total = verbs.scan_size(opened, mode)
    # Stored points may also be of a plan, which measures layers at higher sparsities than a scan.
    remaining = {name: total - sum(point.level in LEVELS for point in known) for name, known in answers.items()}
    return Scan(mode, criterion, names, points, total, remaining)


def owner(opened: "Opened", criterion: str | None = None) -> str:
    """Return the name under which a scan in the desk's mode runs."""
    return jobs.owner(opened, "scan", session().mode.value, criterion or desk_recipe(opened).criterion)


def start(opened: "Opened", precision: str, criterion: str | None = None) -> None:
    """Start or resume a scan in the desk's mode."""
    from prunekit import verbs

    scan = current_scan(opened, criterion)
    mode, by = scan.mode, scan.criterion

    def work() -> "Iterator[Point | None]":
        if precision == "picture":
            yield from verbs.picture_steps(opened, mode, limit=None, criterion=by, half_width=verbs.WITHIN)
            return
        width = None if precision == "exact" else verbs.WITHIN
        first = scan.remaining["picture"] > 0
        for point in verbs.scan_steps(opened, mode, limit=None, criterion=by, half_width=width, first_picture=first):
            # A first estimate is drawn, but the point it stands for is still to be measured.
            yield None if point is not None and verbs.is_picture(point) else point

    total = scan.remaining["picture"] if precision == "picture" else scan.total
    jobs.start(owner(opened, criterion), f"{JOBS[precision]} by {criterion_title(by)}", work, total)


def cost(opened: "Opened", scan: Scan, precision: str) -> float | None:
    """Estimate the seconds that a scan still takes; ``None`` before anything was measured."""
    dense = _pass(opened)
    return None if dense is None else dense + expected(dense, scan.remaining[precision], precision)


def seconds(opened: "Opened") -> float | None:
    """Estimate how long a plan takes to measure one point; ``None`` before anything was measured."""
    dense = _pass(opened)
    return None if dense is None else dense * PLANNED


def _pass(opened: "Opened") -> float | None:
    """Return the seconds that one pass of the dense network over the validation split took."""
    dense = dense_evaluation(opened.key.digest, opened, None)
    return dense.snapshot().elapsed if dense.finished else None
