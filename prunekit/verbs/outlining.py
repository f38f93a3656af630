"""What a plan keeps to and what it will measure, laid out before the long scan begins."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from prunekit.errors import RecipeError
from prunekit.graph import named_tensors
from prunekit.recipe import Recipe
from prunekit.records import Mode, Outline
from prunekit.search import scan as scanning
from prunekit.search.bisect import BISECTIONS
from prunekit.search.curves import Curve
from prunekit.search.exchange import TRIALS
from prunekit.search.problem import WORTH, Problem, channel_problem, check_reachable, not_worth, weight_problem
from prunekit.search.targets import RESOURCES, read_targets
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.verbs.candidates import Judge
from prunekit.verbs.counting import check
from prunekit.verbs.pins import held
from prunekit.verbs.scanned import known_points

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
    return begin(opened, targets, mode, base, pinned, worth)[1]


def begin(
    opened: Opened,
    targets: Mapping[str, float],
    mode: Mode,
    base: Recipe | None,
    pinned: Collection[str],
    worth: float,
) -> tuple[Judge, Outline]:
    """Check the arguments of a plan and outline it, before the long scan begins."""
    base = check(opened, base or Recipe())
    if not 0 <= worth <= 1:
        raise RecipeError(f"Worth is the share of a resource that a cut has to save, 0 to 100 %; not {worth:.0%}.")
    holds = held(opened, base, mode, pinned)
    goals = read_targets(targets, opened.structure.cost({}), mode, opened.task.metric)
    judge = Judge(opened, mode, Recipe.from_json({**base.to_json(), mode.value: holds}), goals, holds)
    names, levels = scanning.sizes(opened.structure, mode), LEVELS[mode]
    reach = problem_of(judge, {name: [(0.0, 0.0), (max(levels), 0.0)] for name in names})
    check_reachable(reach, holds)
    spared = not_worth(reach, worth)
    stored = {(point.name, point.level) for point in known_points(opened, mode, base.criterion)}
    return replace(judge, held={**holds, **dict.fromkeys(spared, 0.0)}), Outline(
        mode=mode,
        limits=tuple(goals.limits.items()),
        loss=goals.loss,
        resource=next(iter(goals.limits), RESOURCES[mode][0]),
        pinned=tuple(holds),
        spared=spared,
        worth=worth,
        points=len(names) * len(levels),
        known=sum((name, level) in stored for name in names for level in levels),
        trials=TRIALS,
        candidates=CANDIDATES if goals.limits else CANDIDATES + 2 * BISECTIONS,
    )


def problem_of(judge: Judge, curves: Mapping[str, Curve]) -> Problem:
    """State the allocation problem; where only a loss is given, the limit is all of the resource that the mode cuts."""
    structure, subject = judge.opened.structure, resolve(judge.opened, judge.base)
    whole = subject.cost
    first = RESOURCES[judge.mode][0]
    limits = judge.targets.limits or {first: getattr(whole, first)}
    if judge.mode is Mode.CHANNELS:
        return channel_problem(structure, curves, limits, judge.base, judge.allowed, judge.held)
    tensors = dict(named_tensors(subject.uncalibrated.model))
    remaining = {layer.name: tensors[layer.weight].numel() for layer in structure.layers}
    return weight_problem(structure, curves, limits, remaining, whole.params, judge.held)
