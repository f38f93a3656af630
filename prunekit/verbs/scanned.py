"""The points that earlier scans have stored."""

from prunekit.criteria import criterion_named
from prunekit.records import Mode, Point, Status
from prunekit.registering import identity
from prunekit.search.scan import LIMIT
from prunekit.store import ScanKey
from prunekit.subject.opening import Opened

WITHIN = 0.01
"""How precisely a scan measures by default: half of an interval, a fraction of the metric."""
CODE = "4"
"""Raised when the measuring code changes what a point says, so that old points are not mixed in."""


def is_picture(point: Point) -> bool:
    """Whether a point is only a first estimate, which later points replace."""
    return point.reading.status is Status.ESTIMATED and point.reading.interval is None


def stored_points(
    opened: Opened,
    mode: Mode = Mode.CHANNELS,
    limit: int | None = LIMIT,
    criterion: str = "l2",
    half_width: float | None = None,
    *,
    pictures: bool = False,
) -> tuple[Point, ...]:
    """Return the points of earlier scans of these weights, for each cell the most precise one.

    A point on all samples also stands for one on the first samples.

    Args:
        opened: as all that follow, see ``scan``.
        mode: what is cut.
        limit: validation samples that are looked at.
        criterion: what goes first.
        half_width: points that were measured to this precision count too, where none is exact.
        pictures: whether first estimates count, where nothing else is known.
    """
    keys = dict.fromkeys(
        scan_key(opened, mode, samples, criterion, width) for width in (None, half_width) for samples in (None, limit)
    )
    best: dict[tuple[str, float], Point] = {}
    for key in keys:
        for point in opened.workspace.points(key):
            cell = point.name, point.level
            if cell not in best or is_picture(best[cell]):
                best[cell] = point
    return tuple(point for point in best.values() if pictures or not is_picture(point))


def known_points(opened: Opened, mode: Mode = Mode.CHANNELS, criterion: str = "l2") -> tuple[Point, ...]:
    """Return what is known of every cell by any scan of the usual precision or better; first estimates do not count."""
    return stored_points(opened, mode, criterion=criterion, half_width=WITHIN)


def scan_key(opened: Opened, mode: Mode, limit: int | None, criterion: str, half_width: float | None = None) -> ScanKey:
    """Name a scan's stored points by all that they depend on."""
    return ScanKey(
        opened.digest, opened.data_digest, identity(criterion_named(criterion)), mode, limit, CODE, half_width
    )
