"""The planner: recipes that meet targets, found by harm curves and really evaluated."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch

from prunekit.graph import named_tensors
from prunekit.measure.evaluate import logits
from prunekit.recipe import Recipe
from prunekit.records import Candidate, Mode, Point, Trial
from prunekit.search import scan as scanning
from prunekit.search.allocate import greedy, lagrangian, mildest
from prunekit.search.exchange import exchange, joint_harm
from prunekit.search.problem import Kept, Problem, channel_problem, check_reachable, weight_problem, worthwhile
from prunekit.search.targets import RESOURCES, read_targets
from prunekit.tasks.task import Split
from prunekit.verbs.candidates import Judge
from prunekit.verbs.networks import pruned_of
from prunekit.verbs.opening import Opened
from prunekit.verbs.reading import check, cost
from prunekit.verbs.scanning import scan, scan_size

SAMPLES = 250
"""Train samples that exchanges are measured on; without train data the first validation samples."""
BISECTIONS = 7
"""Evaluations that look for the strongest cut within a loss: to a hundredth of the network."""

LEVELS: Mapping[Mode, tuple[float, ...]] = {
    Mode.CHANNELS: scanning.LEVELS,
    Mode.WEIGHTS: (*scanning.LEVELS, 0.95, 0.98),
}
"""What is scanned: single weights can often spare more than nine in ten."""


def plan_size(opened: Opened, mode: Mode = Mode.CHANNELS) -> int:
    """Return how many scan points a plan begins with."""
    return scan_size(opened, mode, LEVELS[mode])


def plan(
    opened: Opened, targets: Mapping[str, float], mode: Mode = Mode.CHANNELS, base: Recipe | None = None
) -> Iterator[Point | Trial | Candidate]:
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

    Yields:
        The scan's points, the networks measured on the way, and the candidates; last the best
        candidate again, with a note that it was selected on the validation split.

    Raises:
        RecipeError: a target that is unknown or cannot be met, or a recipe that does not fit the task.
    """
    base = _without(check(opened, base or Recipe()), mode)
    asked = read_targets(targets, opened.structure.cost({}), mode, opened.task.metric)
    judge = Judge(opened, mode, base, asked)
    check_reachable(_problem(judge, ()), judge.preset("uniform", max(LEVELS[mode])))  # before the long scan begins
    points = []
    for point in scan(opened, mode, LEVELS[mode], criterion=base.criterion):
        points.append(point)
        yield point
    problem = worthwhile(_problem(judge, points))
    if not asked.limits:
        problem = yield from _bisect(judge, "curves", lagrangian, problem)
    yield from _candidates(judge, problem)
    yield judge.best()


def _without(recipe: Recipe, mode: Mode) -> Recipe:
    """Take a mode's cuts out of a recipe."""
    return replace(recipe, channels={}) if mode is Mode.CHANNELS else replace(recipe, weights={})


def _problem(judge: Judge, points: Sequence[Point]) -> Problem:
    """Lay the options out; where only a loss is asked, the limit is all of what the mode lowers first."""
    structure, whole = judge.opened.structure, cost(judge.opened, judge.base)
    first = RESOURCES[judge.mode][0]
    limits = judge.asked.limits or {first: getattr(whole, first)}
    if judge.mode is Mode.CHANNELS:
        return channel_problem(structure, points, limits, judge.base, judge.allowed)
    tensors = dict(named_tensors(pruned_of(judge.opened, judge.base).model))
    remaining = {layer.name: tensors[layer.weight].numel() for layer in structure.layers}
    return weight_problem(structure, points, limits, remaining, whole.params)


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
        smaller = pruned_of(judge.opened, judge.recipe(kept)).model
        return joint_harm(smaller, inputs, dense, calibrate=calibrate)

    return harm
