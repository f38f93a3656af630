"""The sensitivity scan, stored point by point, and the presets that read it."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.criteria import criterion_named
from prunekit.criteria.weights import layer_scores
from prunekit.engine.points import points as measured
from prunekit.errors import RecipeError, close_matches
from prunekit.objectives import Metric, usual
from prunekit.recipe import Recipe
from prunekit.records import Mode, Point, Status
from prunekit.registering import identity
from prunekit.search import presets
from prunekit.search import scan as scanning
from prunekit.store import ScanKey
from prunekit.subject.opening import Opened
from prunekit.subject.scores import evidence, scores_of
from prunekit.subject.subject import dense_outputs
from prunekit.tasks.task import Split
from prunekit.verbs.pins import held
from prunekit.verbs.reading import check

PRESETS = ("uniform", "global", "sensitivity")
WITHIN = 0.01
"""How precisely a scan measures unless told: half of an interval, a fraction of the metric."""
CODE = "4"
"""Raised when the measuring code changes what a point says, so that old points are not mixed in."""


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

    Yields:
        Points as ``scan`` does, and ``None`` after each stretch of work that ends without one.
    """
    stored = stored_points(opened, mode, limit, criterion, half_width, pictures=True)
    known = [point for point in stored if not is_picture(point)]
    wanted = {(name, level) for name in scanning.sizes(opened.structure, mode) for level in levels}
    yield from (point for point in known if (point.name, point.level) in wanted)
    if wanted <= {(point.name, point.level) for point in known}:
        return
    question = _question(opened, mode, levels, limit, criterion)
    key = _key(opened, mode, limit, criterion, half_width)
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
    key = _key(opened, mode, limit, criterion, half_width)
    yield from _stored(opened, key, scanning.picture(bench, known=stored))


def is_picture(point: Point) -> bool:
    """Whether a point is only a first estimate, which later points replace."""
    return point.reading.status is Status.ESTIMATED and point.reading.interval is None


def scan_size(opened: Opened, mode: Mode = Mode.CHANNELS, levels: Sequence[float] = scanning.LEVELS) -> int:
    """Return how many points a whole scan has."""
    return len(scanning.sizes(opened.structure, mode)) * len(levels)


def stored_points(
    opened: Opened,
    mode: Mode = Mode.CHANNELS,
    limit: int | None = scanning.LIMIT,
    criterion: str = "l2",
    half_width: float | None = None,
    *,
    pictures: bool = False,
) -> tuple[Point, ...]:
    """Return the points of earlier scans of these weights, of each cell the one that says most.

    A point on all samples answers a question about the first of them, too.

    Args:
        opened: as all that follow, see ``scan``.
        mode: what is cut.
        limit: validation samples that are looked at.
        criterion: what goes first.
        half_width: points that were measured to this precision count too, where none is exact.
        pictures: whether first estimates count, where nothing else is known.
    """
    keys = dict.fromkeys(
        _key(opened, mode, samples, criterion, width) for width in (None, half_width) for samples in (None, limit)
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


def preset(
    opened: Opened,
    name: str,
    sparsity: float,
    mode: Mode = Mode.CHANNELS,
    base: Recipe | None = None,
    pinned: Collection[str] = (),
) -> Recipe:
    """Spread one sparsity over what is not pinned.

    Args:
        opened: the task.
        name: ``uniform``, ``global`` (one threshold on all scores) or ``sensitivity`` (equal harm
            by the stored scan).
        sparsity: fraction 0–1; for ``sensitivity`` the MACs (or weights) that uniform would remove.
        mode: what is cut.
        base: the recipe to start from; its other mode, criterion and hand-kept units stay.
        pinned: groups (or layers) whose sparsity in ``base`` stays as it is.

    Raises:
        RecipeError: an unknown preset or name, a sparsity out of range, or ``sensitivity`` without a scan.
    """
    base = check(opened, base or Recipe())
    holds = held(opened, base, mode, pinned)
    if name == "uniform":
        spread = presets.uniform(opened.structure, sparsity, mode, holds)
    elif name == "global":
        scores = {
            part: np.asarray(values, np.float64)
            for part, values in _scores(opened, mode, base).items()
            if part not in holds
        }
        spread = {**presets.global_scores(scores, sparsity, criterion_named(base.criterion).comparable), **holds}
    elif name == "sensitivity":
        points = known_points(opened, mode, base.criterion)
        spread = presets.by_sensitivity(opened.structure, points, sparsity, holds)
    else:
        raise RecipeError(f"Unknown preset {name!r}; {close_matches(name, PRESETS)}")
    return Recipe.from_json({**base.to_json(), mode.value: spread})


def _scores(opened: Opened, mode: Mode, base: Recipe) -> dict[str, NDArray[Any]]:
    """Return the scores of each group's units, or of each layer's weights."""
    if mode is Mode.CHANNELS:
        return dict(scores_of(opened, base.base, base.criterion, base.seed).values)
    layers = {layer.name: layer.weight for layer in opened.structure.layers}
    read = evidence(opened, base.base, base.criterion)
    scores = layer_scores(opened.task.model, layers, base.criterion, seed=base.seed, **read)
    return {name: values.numpy() for name, values in scores.items()}


def scanned_metric(opened: Opened) -> Metric:
    """Return what a scan asks: the task's metric, or agreement with the dense network where samples do not tell it.

    Each of hundreds of networks on all samples would take too long.
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
        scores=_scores(opened, mode, base),
    )


def _stored(opened: Opened, key: ScanKey, steps: Iterator[Point | None]) -> Iterator[Point | None]:
    for point in steps:
        if point is not None:
            opened.workspace.add_point(key, point)
        yield point


def _key(opened: Opened, mode: Mode, limit: int | None, criterion: str, half_width: float | None = None) -> ScanKey:
    return ScanKey(
        opened.digest, opened.data_digest, identity(criterion_named(criterion)), mode, limit, CODE, half_width
    )
