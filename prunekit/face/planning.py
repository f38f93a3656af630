"""Plans and scans of every kind, as a desk offers them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

from prunekit import verbs
from prunekit.errors import RecipeError, listed
from prunekit.face.asking import one_of
from prunekit.face.progress import Share
from prunekit.face.work import long
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Kind, Mode, Outline, Point, Removal
from prunekit.search.problem import WORTH
from prunekit.subject.opening import Opened


def plan(
    opened: Opened,
    targets: Mapping[str, float],
    kind: str,
    base: Recipe,
    pinned: Collection[str],
    worth: float | None,
    progress: bool,
) -> Recipe:
    """Find the recipe that meets targets; see ``Desk.plan``.

    Raises:
        RecipeError: it cannot be asked for, or no candidate meets the targets.
    """
    steps: Callable[[], Iterator[Any]]
    share: Share | None = None
    if one_of("kind", kind, [*Mode, Kind.BITS]) == Kind.BITS:
        if set(targets) != {"bytes"} or worth is not None:
            raise RecipeError("Bits are planned to a byte budget: give bytes=0.2 and nothing else.")
        steps = partial(verbs.plan_bits, opened, targets["bytes"], base, pinned=pinned)
    else:
        worth = WORTH if worth is None else worth
        steps = partial(verbs.plan_steps, opened, targets, Mode(kind), base, pinned, worth)
        share = _share_of_plan()
    *_, best = long("plan", steps, share, progress=progress)
    assert isinstance(best, Candidate), "a plan ends with its best candidate"
    if best.misses:
        raise RecipeError(
            f"No plan meets the targets: of the nearest, {best.name!r}, {' and '.join(best.misses)}; allow more."
        )
    return best.recipe


def _share_of_plan() -> Share:
    """Count networks against what the outline, the first record, announces."""
    total = 0

    def share(done: int, record: Any) -> float | None:
        nonlocal total
        if isinstance(record, Outline):
            total = record.points + record.trials + record.candidates
        return done / total if total else None

    return share


GOES_BY: Mapping[str, Collection[str]] = {
    Mode.CHANNELS: ("criterion", "levels", "half_width", "workers"),
    Mode.WEIGHTS: ("criterion", "levels", "half_width", "workers"),
    Kind.BLOCKS: (),
    Kind.BITS: ("recipe", "levels"),
}
"""What a scan of each kind may be told."""


def scan(opened: Opened, kind: str, told: Mapping[str, Any], progress: bool) -> tuple[Point | Removal, ...]:
    """Cut each part alone; see ``Desk.scan``.

    Args:
        opened: the task.
        kind: what is cut.
        told: what was said of it; ``None`` was not.
        progress: show a bar.

    Raises:
        RecipeError: it cannot be asked for.
    """
    known = GOES_BY[one_of("kind", kind, [*GOES_BY])]
    options = {name: value for name, value in told.items() if value is not None}
    if unused := sorted({*options} - {*known}):
        raise RecipeError(f"A scan of {kind} does not go by {listed(unused)}; leave that out.")
    if kind == Kind.BLOCKS:
        return long("scan", partial(verbs.scan_blocks, opened), progress=progress)
    if kind == Kind.BITS:
        return long("scan", partial(verbs.scan_bits, opened, **options), progress=progress)
    mode, levels = Mode(kind), options.get("levels")
    size = verbs.scan_size(opened, mode) if levels is None else verbs.scan_size(opened, mode, levels)
    steps = partial(verbs.scan_steps, opened, mode, **options)
    return long("scan", steps, lambda done, _: done / size, progress=progress)
