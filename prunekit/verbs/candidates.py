"""Candidates: from what a plan keeps to a recipe that was really evaluated."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from prunekit.criteria.select import count_kept
from prunekit.measure.sizes import nonzero
from prunekit.recipe import Recipe, kept_units
from prunekit.records import Candidate, Mode, Reading
from prunekit.search.problem import Kept
from prunekit.search.scan import sizes
from prunekit.search.targets import RESOURCES, Targets
from prunekit.subject.base import base_of
from prunekit.subject.opening import Opened
from prunekit.subject.subject import resolve
from prunekit.verbs.presets import preset
from prunekit.verbs.reading import evaluate

OPTIMISTIC = "selected on this split: optimistic"


@dataclass(eq=False)
class Judge:
    """Evaluates plans against targets, and remembers every candidate.

    Attributes:
        opened: the task.
        mode: what is cut.
        base: what every recipe starts from; of this mode's cuts it has only those that are held.
        targets: what a plan has to keep to.
        held: group or layer → the sparsity at which it stays.
        candidates: those that were evaluated so far.
    """

    opened: Opened
    mode: Mode
    base: Recipe
    targets: Targets
    held: Mapping[str, float]
    candidates: list[Candidate] = field(default_factory=list)

    @cached_property
    def allowed(self) -> Mapping[str, tuple[int, ...]]:
        """The units a base run still has, of each group it cut."""
        return base_of(self.opened, self.base.base).allowed

    def recipe(self, kept: Mapping[str, int]) -> Recipe:
        """Write down what a plan keeps of each name."""
        # What stays whole gets no sparsity: round_to would cut further what hand-dropped units or a base run leave.
        shares = {name: 1 - n / self._sizes[name] for name, n in kept.items() if n < self._whole[name]}
        if self.mode is Mode.CHANNELS:
            return replace(self.base, channels={**shares, **self.held})
        return replace(self.base, weights={**shares, **self.held})

    def preset(self, name: str, sparsity: float) -> Kept:
        """Return what the preset of this name keeps of each name at a sparsity."""
        recipe = preset(self.opened, name, sparsity, self.mode, self.base, self.held)
        if self.mode is Mode.CHANNELS:
            return {**self._whole, **count_kept(self.opened.structure, recipe, self.allowed)}
        return {name: kept_units(n, recipe.weights.get(name, 0.0)) for name, n in self._sizes.items()}

    def evaluated(self, name: str, kept: Mapping[str, int]) -> Candidate:
        """Measure a plan on all validation samples, or remember it."""
        recipe = self.recipe(kept)
        twin = next((candidate for candidate in self.candidates if candidate.recipe == recipe), None)
        if twin is None:
            samples = len(self.opened.task.data.validation)
            reading = next(e.reading for e in evaluate(self.opened, recipe) if e.reading.n == samples)
            pruned = resolve(self.opened, recipe).pruned
            twin = Candidate(name, recipe, pruned.cost, nonzero(pruned.model), reading)
            twin = replace(twin, misses=tuple(self._misses(twin)))
        self.candidates.append(replace(twin, name=name))
        return self.candidates[-1]

    def best(self) -> Candidate:
        """Return the candidate that misses the fewest targets; of those the least damaged, or the smallest."""
        sign = 1.0 if self.opened.metric.higher_is_better else -1.0

        def rank(candidate: Candidate) -> tuple[float, ...]:
            size = 0 if self.targets.limits else candidate.amount(RESOURCES[self.mode][0], self.mode)
            return len(candidate.misses), size, -sign * candidate.reading.value, candidate.reading.loss

        return replace(min(self.candidates, key=rank), note=OPTIMISTIC)

    def _misses(self, candidate: Candidate) -> Iterator[str]:
        for resource, limit in self.targets.limits.items():
            amount = candidate.amount(resource, self.mode)
            if amount > limit:
                yield f"{amount:,} {resource} are left, {limit:,} were asked"
        if self.targets.loss is not None:
            sign = 1.0 if self.opened.metric.higher_is_better else -1.0
            lost = sign * (self._dense.value - candidate.reading.value)
            allowed = self.targets.loss
            if lost > allowed + 1e-9:
                yield f"it loses {lost * 100:.1f} points of {self._dense.metric}, {allowed * 100:g} are allowed"

    @cached_property
    def _dense(self) -> Reading:
        *_, evaluation = evaluate(self.opened, Recipe())
        return evaluation.reading

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        return sizes(self.opened.structure, self.mode)

    @cached_property
    def _whole(self) -> Mapping[str, int]:
        """What there is of each name before the plan cuts it."""
        if self.mode is Mode.WEIGHTS:
            return self._sizes
        return {**self._sizes, **count_kept(self.opened.structure, self.base, self.allowed)}
