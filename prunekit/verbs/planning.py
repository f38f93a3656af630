"""The planner: recipes that meet targets, found by harm curves and really evaluated."""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import replace
from functools import partial

import torch

from prunekit.errors import RecipeError
from prunekit.graph import named_tensors
from prunekit.measure.evaluate import logits
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Mode, Outline, Point, Trial
from prunekit.search import scan as scanning
from prunekit.search.allocate import greedy, lagrangian, mildest
from prunekit.search.curves import Curve, harm_curves
from prunekit.search.exchange import TRIALS, exchange, joint_harm
from prunekit.search.problem import WORTH, Kept, Problem, channel_problem, check_reachable, not_worth, weight_problem
from prunekit.search.targets import RESOURCES, read_targets
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.tasks.task import Split
from prunekit.verbs.candidates import Judge
from prunekit.verbs.pins import held
from prunekit.verbs.reading import check
from prunekit.verbs.scanning import scan_steps, stored_points

SAMPLES = 250
"""Train samples that exchanges are measured on; without train data the first validation samples."""
BISECTIONS = 7
"""Evaluations that look for the strongest cut within a loss: to a hundredth of the network."""
CANDIDATES = 5
"""Plans that are made for given limits."""

LEVELS: Mapping[Mode, tuple[float, ...]] = {
    Mode.CHANNELS: scanning.LEVELS,
    Mode.WEIGHTS: (*scanning.LEVELS, 0.95, 0.98),
}
"""What is scanned: single weights can often spare more than nine in ten."""


def outline(
    opened: Opened,
    targets: Mapping[str, float],
    mode: Mode = Mode.CHANNELS,
    base: Recipe | None = None,
    pinned: Collection[str] = (),
    worth: float = WORTH,
) -> Outline:
    """Say what a plan will keep to and measure; counted by closed formula, nothing is measured for it.

    The arguments and errors are those of ``plan``.
    """
    return _begin(opened, targets, mode, base, pinned, worth)[1]


def plan(
    opened: Opened,
    targets: Mapping[str, float],
    mode: Mode = Mode.CHANNELS,
    base: Recipe | None = None,
    pinned: Collection[str] = (),
    worth: float = WORTH,
) -> Iterator[Outline | Point | Trial | Candidate]:
    """Find the recipe that meets targets with the least damage.

    A scan gives harm curves; ``curves`` and ``greedy`` allocate by them, ``exchange`` improves the
    better one by measuring whole networks on train data, ``uniform`` and ``global`` are the
    baselines. Where only a loss is given, the curves' strength is bisected until the measured loss
    fits, and the others are held against the cut that was found.

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
    judge, begun = _begin(opened, targets, mode, base, pinned, worth)
    yield begun
    points = []
    for point in scan_steps(opened, mode, LEVELS[mode], criterion=judge.base.criterion):
        if point is not None:
            points.append(point)
        yield point
    problem = _problem(judge, harm_curves(points))
    if not judge.asked.limits:
        problem = yield from _bisect(judge, "curves", lagrangian, problem)
    yield from _candidates(judge, problem)
    yield judge.best()


def _begin(
    opened: Opened,
    targets: Mapping[str, float],
    mode: Mode,
    base: Recipe | None,
    pinned: Collection[str],
    worth: float,
) -> tuple[Judge, Outline]:
    """Check the question and lay it out, before the long scan begins."""
    base = check(opened, base or Recipe())
    if not 0 <= worth <= 1:
        raise RecipeError(f"Worth is the share of a resource that a cut has to save, 0 to 100 %; not {worth:.0%}.")
    holds = held(opened, base, mode, pinned)
    asked = read_targets(targets, opened.structure.cost({}), mode, opened.task.metric)
    judge = Judge(opened, mode, Recipe.from_json({**base.to_json(), mode.value: holds}), asked, holds)
    names, levels = scanning.sizes(opened.structure, mode), LEVELS[mode]
    reach = _problem(judge, {name: [(0.0, 0.0), (max(levels), 0.0)] for name in names})
    check_reachable(reach, holds)
    spared = not_worth(reach, worth)
    known = {(point.name, point.level) for point in stored_points(opened, mode, criterion=base.criterion)}
    return replace(judge, held={**holds, **dict.fromkeys(spared, 0.0)}), Outline(
        mode=mode,
        limits=tuple(asked.limits.items()),
        loss=asked.loss,
        resource=next(iter(asked.limits), RESOURCES[mode][0]),
        pinned=tuple(holds),
        spared=spared,
        worth=worth,
        points=len(names) * len(levels),
        known=sum((name, level) in known for name in names for level in levels),
        trials=TRIALS,
        candidates=CANDIDATES if asked.limits else CANDIDATES + 2 * BISECTIONS,
    )


def _problem(judge: Judge, curves: Mapping[str, Curve]) -> Problem:
    """Lay the options out; where only a loss is asked, the limit is all of what the mode lowers first."""
    structure, subject = judge.opened.structure, resolve(judge.opened, judge.base)
    whole = subject.cost
    first = RESOURCES[judge.mode][0]
    limits = judge.asked.limits or {first: getattr(whole, first)}
    if judge.mode is Mode.CHANNELS:
        return channel_problem(structure, curves, limits, judge.base, judge.allowed, judge.held)
    tensors = dict(named_tensors(subject.uncalibrated.model))
    remaining = {layer.name: tensors[layer.weight].numel() for layer in structure.layers}
    return weight_problem(structure, curves, limits, remaining, whole.params, judge.held)


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
    if not judge.asked.limits:  # what the exchanges won may be cut again
        yield from _bisect(judge, "exchange", partial(greedy, start=best), problem)


def _bisect(
    judge: Judge, name: str, make: Callable[[Problem], Kept], problem: Problem
) -> Generator[Candidate, None, Problem]:
    """Look for the strongest cut whose measured loss fits.

    Args:
        judge: evaluates them.
        name: what the candidates are called.
        make: how a plan is made.
        problem: its limit is the weakest cut.

    Yields:
        Each candidate that was evaluated on the way.

    Returns:
        The problem with the limit at the strongest cut that fits.
    """
    ((resource, limit),) = problem.limits.items()
    low, high = float(problem.load(problem.least)[0]), 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        kept = make(replace(problem, limits={resource: round(middle * limit)}))
        candidate = judge.evaluated(name, kept)
        yield candidate
        low, high = (middle, high) if candidate.misses else (low, middle)
    return replace(problem, limits={resource: round(high * limit)})


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
