"""The planner: recipes that meet targets, found by harm curves and really evaluated."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import torch

from prunekit.criteria.select import count_kept
from prunekit.graph import named_tensors
from prunekit.measure.evaluate import logits
from prunekit.measure.metrics import metric_named
from prunekit.measure.sizes import nonzero
from prunekit.recipe import Recipe, kept_units
from prunekit.records import Candidate, Mode, Point, Reading, Trial
from prunekit.search import scan as scanning
from prunekit.search.allocate import greedy, lagrangian, mildest
from prunekit.search.exchange import exchange, joint_harm
from prunekit.search.problem import Kept, Problem, channel_problem, check_reachable, weight_problem, worthwhile
from prunekit.search.targets import RESOURCES, Targets, read_targets
from prunekit.tasks.task import Split
from prunekit.verbs.networks import base_of, network_of, pruned_of
from prunekit.verbs.opening import Opened
from prunekit.verbs.reading import check, cost, evaluate
from prunekit.verbs.scanning import preset, scan, scan_size

OPTIMISTIC = "selected on this split: optimistic"
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

    Yields:
        The scan's points, the networks measured on the way, and the candidates; last the best
        candidate again, with a note that it was selected on the validation split.

    Raises:
        RecipeError: a target that is unknown or cannot be met, or a recipe that does not fit the task.
    """
    base = check(opened, base or Recipe())
    asked = read_targets(targets, opened.structure.cost({}), mode, opened.task.metric)
    planner = _Planner(opened, mode, base, asked)
    planner.check()
    points = []
    for point in scan(opened, mode, LEVELS[mode], criterion=base.criterion):
        points.append(point)
        yield point
    problem = worthwhile(planner.problem(points))
    if not asked.limits:
        problem = yield from planner.bisect("curves", lagrangian, problem)
    yield from planner.candidates(problem)
    yield planner.best()


@dataclass(eq=False)
class _Planner:
    """One plan under way: what was asked, and every candidate so far."""

    opened: Opened
    mode: Mode
    base: Recipe
    asked: Targets
    found: list[Candidate] = field(default_factory=list)

    def check(self) -> None:
        """Refuse targets out of reach before the scan begins."""
        problem = self.problem(())
        check_reachable(problem, self._preset("uniform", max(LEVELS[self.mode])))

    def problem(self, points: Sequence[Point]) -> Problem:
        """Lay the options out; where only a loss is asked, the limit is all of what the mode lowers first."""
        structure, whole = self.opened.structure, cost(self.opened, self.base)
        first = RESOURCES[self.mode][0]
        limits = self.asked.limits or {first: getattr(whole, first)}
        if self.mode is Mode.CHANNELS:
            return channel_problem(structure, points, limits, self.base, self._allowed)
        tensors = dict(named_tensors(pruned_of(self.opened, replace(self.base, weights={})).model))
        remaining = {layer.name: tensors[layer.weight].numel() for layer in structure.layers}
        return weight_problem(structure, points, limits, remaining, whole.params)

    def candidates(self, problem: Problem) -> Iterator[Trial | Candidate]:
        """Make every plan for these limits and evaluate it."""
        for name in ("uniform", "global"):
            kept = mildest(partial(self._preset, name), problem)
            if kept is not None:
                yield self._evaluated(name, kept)
        starts = [greedy(problem), lagrangian(problem)]
        for name, kept in zip(("greedy", "curves"), starts, strict=True):
            yield self._evaluated(name, kept)
        best = yield from exchange(problem, starts, self._harm())
        yield self._evaluated("exchange", best)
        if not self.asked.limits:  # what the exchanges won may be cut again
            yield from self.bisect("exchange", partial(greedy, start=best), problem)

    def bisect(
        self, name: str, make: Callable[[Problem], Kept], problem: Problem
    ) -> Generator[Candidate, None, Problem]:
        """Look for the strongest cut whose measured loss fits.

        Args:
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
            candidate = self._evaluated(name, kept)
            yield candidate
            low, high = (middle, high) if candidate.misses else (low, middle)
        return replace(problem, limits={resource: round(high * limit)})

    def best(self) -> Candidate:
        """Return the candidate that misses the fewest targets; of those the least damaged, or the smallest."""
        sign = 1.0 if metric_named(self.opened.task.metric).higher_is_better else -1.0

        def rank(candidate: Candidate) -> tuple[float, ...]:
            size = 0 if self.asked.limits else self._amount(candidate, RESOURCES[self.mode][0])
            return len(candidate.misses), size, -sign * candidate.reading.value, candidate.reading.loss

        return replace(min(self.found, key=rank), note=OPTIMISTIC)

    def _evaluated(self, name: str, kept: Mapping[str, int]) -> Candidate:
        recipe = self._recipe(kept)
        known = next((candidate for candidate in self.found if candidate.recipe == recipe), None)
        if known is None:
            samples = len(self.opened.task.data.validation)
            reading = next(e.reading for e in evaluate(self.opened, recipe) if e.reading.n == samples)
            pruned = network_of(self.opened, recipe).pruned
            known = Candidate(name, recipe, pruned.cost, nonzero(pruned.model), reading)
            known = replace(known, misses=tuple(self._misses(known)))
        self.found.append(replace(known, name=name))
        return self.found[-1]

    def _misses(self, candidate: Candidate) -> Iterator[str]:
        for resource, limit in self.asked.limits.items():
            amount = self._amount(candidate, resource)
            if amount > limit:
                yield f"{amount:,} {resource} are left, {limit:,} were asked"
        if self.asked.loss is not None:
            sign = 1.0 if metric_named(self.opened.task.metric).higher_is_better else -1.0
            lost = sign * (self._dense.value - candidate.reading.value)
            if lost > self.asked.loss + 1e-9:
                yield f"it loses {lost * 100:.1f} points of {self._dense.metric}, {self.asked.loss * 100:g} are allowed"

    def _amount(self, candidate: Candidate, resource: str) -> int:
        return candidate.nonzero if self.mode is Mode.WEIGHTS else int(getattr(candidate.cost, resource))

    @cached_property
    def _dense(self) -> Reading:
        *_, evaluation = evaluate(self.opened, Recipe())
        return evaluation.reading

    def _harm(self) -> Callable[[Mapping[str, int]], float]:
        """Return what measures a plan's whole network on train data, which select less than validation data do."""
        train, model = self.opened.train_split, self.opened.task.model
        inputs = self.opened.task.data.validation.inputs[:SAMPLES] if train is None else train.inputs[-SAMPLES:]
        dense = logits(model, Split(inputs, torch.zeros(len(inputs))))
        calibrate = self.base.recalibrate and train is not None

        def harm(kept: Mapping[str, int]) -> float:
            smaller = pruned_of(self.opened, self._recipe(kept)).model
            return joint_harm(smaller, inputs, dense, calibrate=calibrate)

        return harm

    def _preset(self, name: str, sparsity: float) -> Kept:
        recipe = preset(self.opened, name, sparsity, self.mode, self.base)
        if self.mode is Mode.CHANNELS:
            return {**self._whole, **count_kept(self.opened.structure, recipe, self._allowed)}
        return {name: kept_units(n, recipe.weights.get(name, 0.0)) for name, n in self._sizes.items()}

    def _recipe(self, kept: Mapping[str, int]) -> Recipe:
        sizes, whole = self._sizes, self._whole
        # What stays whole gets no sparsity, or round_to would take from what a hand or a base run left.
        shares = {name: 1 - n / sizes[name] for name, n in kept.items() if n < whole[name]}
        if self.mode is Mode.CHANNELS:
            return replace(self.base, channels=shares)
        return replace(self.base, weights=shares)

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        return scanning.sizes(self.opened.structure, self.mode)

    @cached_property
    def _whole(self) -> Mapping[str, int]:
        """What there is of each name before the plan cuts it."""
        if self.mode is Mode.WEIGHTS:
            return self._sizes
        uncut = replace(self.base, channels={})
        return {**self._sizes, **count_kept(self.opened.structure, uncut, self._allowed)}

    @cached_property
    def _allowed(self) -> Mapping[str, tuple[int, ...]]:
        return base_of(self.opened, self.base.base).allowed
