"""The planner: recipes that meet targets, found by harm curves and really evaluated."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

import torch

from prunekit.errors import RecipeError
from prunekit.measure.evaluate import logits
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Draft, Mode, Outline, Point, Trial
from prunekit.search.allocate import greedy, lagrangian, mildest
from prunekit.search.bisect import bisect
from prunekit.search.curves import harm_curves
from prunekit.search.exchange import exchange, joint_harm
from prunekit.search.problem import WORTH, Kept, Problem, check_reachable
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.tasks.task import Split
from prunekit.verbs.candidates import Judge
from prunekit.verbs.outlining import LEVELS, begin, problem_of
from prunekit.verbs.scanned import WITHIN, stored_points
from prunekit.verbs.scanning import scan_steps

SAMPLES = 250
"""Train samples that exchanges are measured on; without train data the first validation samples."""


def plan(
    opened: Opened,
    targets: Mapping[str, float],
    mode: Mode = Mode.CHANNELS,
    base: Recipe | None = None,
    pinned: Collection[str] = (),
    worth: float = WORTH,
) -> Iterator[Outline | Point | Trial | Candidate]:
    """Find the recipe that meets targets with the least damage.

    A scan gives harm curves, in which what an earlier scan has measured within 1 point stands as it
    is; ``curves`` and ``greedy`` allocate by them, ``exchange`` improves the better one by measuring
    whole networks on train data, ``uniform`` and ``global`` are the baselines. Where only a loss is
    given, the curves' strength is bisected until the measured loss fits, and the others are held
    against the cut that was found.

    Args:
        opened: the task.
        targets: resource (``macs``, ``params``, ``bytes``; for weights ``params``, not counting
            zeroed ones) → what may be left, a fraction up to 1 or a count above; the metric → the
            points that may be lost, negative. All hold at once.
        mode: what is cut.
        base: the recipe to start from; its other mode, criterion, ``round_to`` and hand-kept units stay.
            The curves are those of the task's own network, also behind a base run.
        pinned: groups (or layers) whose sparsity in ``base`` stays exactly as it is.
        worth: a group (or layer) that could save less than this fraction of every targeted resource
            stays whole in every candidate, unless the targets cannot be met without it.

    Yields:
        What the plan keeps to; the scan's points, the networks measured on the way, and the
        candidates; last the best candidate again, with a note that it was selected on the
        validation split.

    Raises:
        RecipeError: a target or name that is unknown, a target that cannot be met, or a recipe that
            does not fit the task.
    """
    steps = plan_steps(opened, targets, mode, base, pinned, worth)
    return (step for step in steps if step is not None)


def plan_steps(
    opened: Opened,
    targets: Mapping[str, float],
    mode: Mode = Mode.CHANNELS,
    base: Recipe | None = None,
    pinned: Collection[str] = (),
    worth: float = WORTH,
) -> Iterator[Outline | Point | Trial | Candidate | None]:
    """Plan in short steps, between which it can stop or give way.

    The arguments and errors are those of ``plan``.

    Yields:
        What ``plan`` does, and ``None`` after each stretch of work that ends without a record.
    """
    judge, begun = begin(opened, targets, mode, base, pinned, worth)
    yield begun
    points = []
    for point in scan_steps(opened, mode, LEVELS[mode], criterion=judge.base.criterion, known_width=WITHIN):
        if point is not None:
            points.append(point)
        yield point
    problem = problem_of(judge, harm_curves(points))
    if not judge.targets.limits:
        problem = yield from bisect(problem, lagrangian, partial(judge.evaluated, "curves"))
    yield from _candidates(judge, problem)
    yield judge.best()


def draft(
    opened: Opened,
    targets: Mapping[str, float],
    mode: Mode = Mode.CHANNELS,
    base: Recipe | None = None,
    pinned: Collection[str] = (),
    worth: float = WORTH,
) -> Draft:
    """Allocate as a plan begins to, by what scans have stored so far, and measure nothing.

    What no scan has reached yet, first looks among it, stays whole.

    Args:
        opened: as all that follow, see ``plan``.
        targets: at least one resource, and what may be left of it; a loss cannot be promised without measuring.
        mode: what is cut.
        base: the recipe to start from.
        pinned: groups (or layers) that stay as they are.
        worth: the least share of a resource that a cut has to save.

    Raises:
        RecipeError: as ``plan`` does, and where the targets cannot be met by what was scanned so far.
    """
    judge, begun = begin(opened, targets, mode, base, pinned, worth)
    if not begun.limits:
        raise RecipeError("A draft needs a resource and how much may be left of it, such as macs=0.5.")
    points = stored_points(opened, mode, criterion=judge.base.criterion, half_width=WITHIN, pictures=True)
    problem = problem_of(judge, harm_curves(points))
    check_reachable(problem, (*begun.pinned, *begun.spared))
    kept = min(_starts(problem).values(), key=problem.harm)
    recipe = judge.recipe(kept)
    left = round(float(problem.load(kept)[0]) * begun.limits[0][1])
    return Draft(recipe, resolve(opened, recipe).cost, left, problem.harm(kept))


def _starts(problem: Problem) -> dict[str, Kept]:
    """Allocate by the harm curves, in the two ways that an exchange can begin from."""
    return {"greedy": greedy(problem), "curves": lagrangian(problem)}


def _candidates(judge: Judge, problem: Problem) -> Iterator[Trial | Candidate]:
    """Make every plan for these limits and evaluate it."""
    for name in ("uniform", "global"):
        kept = mildest(partial(judge.preset, name), problem)
        if kept is not None:
            yield judge.evaluated(name, kept)
    starts = _starts(problem)
    for name, kept in starts.items():
        yield judge.evaluated(name, kept)
    best = yield from exchange(problem, tuple(starts.values()), _harm(judge))
    yield judge.evaluated("exchange", best)
    if not judge.targets.limits:  # what the exchanges won may be cut again
        yield from bisect(problem, partial(greedy, start=best), partial(judge.evaluated, "exchange"))


def _harm(judge: Judge) -> Callable[[Mapping[str, int]], float]:
    """Return what measures a plan's whole network on train data, which select less than validation data do."""
    train, model = judge.opened.train_split, judge.opened.task.model
    inputs = judge.opened.task.data.validation.inputs[:SAMPLES] if train is None else train.inputs[-SAMPLES:]
    dense = logits(model, Split(inputs, torch.zeros(len(inputs))))
    calibrate = judge.base.recalibrate and train is not None

    def harm(kept: Mapping[str, int]) -> float:
        smaller = resolve(judge.opened, judge.recipe(kept)).uncalibrated.model
        return joint_harm(smaller, inputs, dense, calibrate=calibrate)

    return harm
