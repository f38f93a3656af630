"""The planner: recipes that meet targets, found by harm curves and really evaluated."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

import torch

from prunekit.measure.evaluate import logits
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Mode, Outline, Point, Trial
from prunekit.search.allocate import greedy, lagrangian, mildest
from prunekit.search.bisect import bisect
from prunekit.search.curves import harm_curves
from prunekit.search.exchange import exchange, joint_harm
from prunekit.search.problem import WORTH, Problem
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.tasks.task import Split
from prunekit.verbs.candidates import Judge
from prunekit.verbs.outlining import LEVELS, begin, problem_of
from prunekit.verbs.scanned import WITHIN
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


def _candidates(judge: Judge, problem: Problem) -> Iterator[Trial | Candidate]:
    """Make every plan for these limits and evaluate it."""
    for name in ("uniform", "global"):
        kept = mildest(partial(judge.preset, name), problem)
        if kept is not None:
            yield judge.evaluated(name, kept)
    starts = [greedy(problem), lagrangian(problem)]
    for name, kept in zip(("greedy", "curves"), starts, strict=True):
        yield judge.evaluated(name, kept)
    best = yield from exchange(problem, starts, _harm(judge))
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
