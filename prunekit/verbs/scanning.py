"""The sensitivity scan: every cell measured, and stored as soon as it is."""

from collections.abc import Iterator, Sequence
from itertools import chain

from prunekit.engine.points import points as measured
from prunekit.objectives import Metric, usual
from prunekit.recipe import Recipe
from prunekit.records import Mode, Point
from prunekit.search import scan as scanning
from prunekit.store import ScanKey
from prunekit.subject.opening import Opened
from prunekit.subject.scores import scores_by_name
from prunekit.subject.subject import dense_outputs
from prunekit.tasks.task import Split
from prunekit.verbs.scanned import is_picture, scan_key, stored_points


def scan(
    opened: Opened,
    mode: Mode = Mode.CHANNELS,
    levels: Sequence[float] = scanning.LEVELS,
    limit: int | None = scanning.LIMIT,
    criterion: str = "l2",
    half_width: float | None = None,
    workers: int | None = None,
) -> Iterator[Point]:
    """Cut each group (or layer) alone at each level and measure what is left.

    Args:
        opened: the task.
        mode: what is cut.
        levels: sparsities to try, fractions 0–1.
        limit: validation samples that are looked at, all for ``None``.
        criterion: what goes first.
        half_width: half of a point's 95 % interval may be this wide, or a tenth of the drop where that
            is wider; ``None`` measures every point on all samples.
        workers: how many processes of one thread measure; 1 is none but this one, ``None`` one for
            each core where the scan takes long enough.

    Yields:
        The points already stored, then each new one once it is stored; stopping loses nothing.

    Raises:
        RecipeError: a level is not a sparsity, or the criterion cannot score here.
    """
    steps = scan_steps(opened, mode, levels, limit, criterion, half_width, workers=workers)
    return (point for point in steps if point is not None)


def scan_steps(
    opened: Opened,
    mode: Mode = Mode.CHANNELS,
    levels: Sequence[float] = scanning.LEVELS,
    limit: int | None = scanning.LIMIT,
    criterion: str = "l2",
    half_width: float | None = None,
    first_picture: bool = False,
    workers: int | None = None,
    known_width: float | None = None,
) -> Iterator[Point | None]:
    """Scan in short steps, between which it can stop or give way.

    Args:
        opened: as all that follow, see ``scan``.
        mode: what is cut.
        levels: sparsities to try.
        limit: validation samples that are looked at.
        criterion: what goes first.
        half_width: how wide an interval may be.
        first_picture: begin with an estimate of every cell from a few samples.
        workers: how many processes measure.
        known_width: what is stored with an interval of this half width is not measured again; ``half_width`` for
            ``None``.

    Yields:
        Points as ``scan`` does, and ``None`` after each stretch of work that ends without one.
    """
    width = half_width if known_width is None else known_width
    stored = stored_points(opened, mode, limit, criterion, width, pictures=True)
    known = [point for point in stored if not is_picture(point)]
    cells = {(name, level) for name in scanning.sizes(opened.structure, mode) for level in levels}
    yield from (point for point in known if (point.name, point.level) in cells)
    if cells <= {(point.name, point.level) for point in known}:
        return
    question = _question(opened, mode, levels, limit, criterion)
    key = scan_key(opened, mode, limit, criterion, half_width)
    bench = yield from scanning.bench(question)
    pictures = scanning.picture(bench, known=stored) if first_picture else iter(())
    yield from _stored(opened, key, chain(pictures, measured(bench, half_width, known, workers)))


def picture_steps(
    opened: Opened,
    mode: Mode = Mode.CHANNELS,
    levels: Sequence[float] = scanning.LEVELS,
    limit: int | None = scanning.LIMIT,
    criterion: str = "l2",
    half_width: float | None = None,
) -> Iterator[Point | None]:
    """Estimate every cell from a few samples, and leave it at that.

    Args:
        opened: as all that follow, see ``scan_steps``.
        mode: what is cut.
        levels: sparsities to try.
        limit: the scan that this is the first picture of looks at so many samples.
        criterion: what goes first.
        half_width: that scan's precision.

    Yields:
        A point for each cell of which nothing is stored.
    """
    stored = stored_points(opened, mode, limit, criterion, half_width, pictures=True)
    bench = yield from scanning.bench(_question(opened, mode, levels, limit, criterion))
    key = scan_key(opened, mode, limit, criterion, half_width)
    yield from _stored(opened, key, scanning.picture(bench, known=stored))


def scan_size(opened: Opened, mode: Mode = Mode.CHANNELS, levels: Sequence[float] = scanning.LEVELS) -> int:
    """Return how many points a whole scan has."""
    return len(scanning.sizes(opened.structure, mode)) * len(levels)


def scanned_metric(opened: Opened) -> Metric:
    """Return the metric of a scan: the task's, or agreement with the dense network where the task's needs the network.

    Such a metric would take too long on each of hundreds of networks.
    """
    return opened.metric if opened.metric.whole is None else usual(opened.task.data.validation.kind, labels=False)


def _question(
    opened: Opened, mode: Mode, levels: Sequence[float], limit: int | None, criterion: str
) -> scanning.Question:
    split, metric = opened.task.data.validation.head(limit), scanned_metric(opened)
    if metric != opened.metric:
        split = Split(split.inputs, dense_outputs(opened, "validation")[: len(split)].argmax(1))
    base = Recipe(task=opened.task.name, criterion=criterion)
    return scanning.Question(
        opened.task.model,
        opened.structure,
        split,
        mode=mode,
        levels=levels,
        metric=metric.name,
        train=opened.train_split,
        base=base,
        scores=scores_by_name(opened, mode, base),
    )


def _stored(opened: Opened, key: ScanKey, steps: Iterator[Point | None]) -> Iterator[Point | None]:
    for point in steps:
        if point is not None:
            opened.workspace.add_point(key, point)
        yield point
