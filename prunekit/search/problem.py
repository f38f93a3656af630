"""The allocation problem: what may be kept of each group or layer, what that harms, and what it costs."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from prunekit.criteria.select import count_kept
from prunekit.errors import RecipeError
from prunekit.graph.structure import Structure
from prunekit.recipe import Recipe, kept_units
from prunekit.search.curves import Curve

Counts = NDArray[np.int64]
Vector = NDArray[np.float64]
Kept = dict[str, int]

WORTH = 0.01
"""A group or layer that could save less than this fraction of every targeted resource stays whole: it would
change the network for a gain that nobody notices."""

STEPS = 100
"""A layer's weights are planned in this many steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Keep so much of each name that the limits hold and the harm is small.

    Attributes:
        counts: name → ``(options,)`` what may be kept of it, rising; the last is all there is.
        harms: name → ``(options,)`` the harm of keeping that much, everything else whole.
        limits: resource → the most that may be left.
        amounts: ``(kept, name, counts) → (resources, options)``: the exact amounts, in the order of
            ``limits``, of networks that keep so much of everything, and ``counts`` of one name.
    """

    counts: Mapping[str, Counts]
    harms: Mapping[str, Vector]
    limits: Mapping[str, int]
    amounts: Callable[[Mapping[str, int], str, Counts], Vector]

    @property
    def whole(self) -> Kept:
        """Everything kept."""
        return {name: int(counts[-1]) for name, counts in self.counts.items()}

    @property
    def least(self) -> Kept:
        """As little kept as is known of."""
        return {name: int(counts[0]) for name, counts in self.counts.items()}

    def loads(self, kept: Mapping[str, int], name: str, counts: Counts) -> Vector:
        """Return ``(resources, options)`` amounts as fractions of their limits; at most 1 fits."""
        limits = np.array(list(self.limits.values()), dtype=float)
        share: Vector = self.amounts(kept, name, counts) / limits[:, None]
        return share

    def load(self, kept: Mapping[str, int]) -> Vector:
        """Return ``(resources,)`` amounts as fractions of their limits."""
        name = next(iter(self.counts))
        return self.loads(kept, name, np.array([kept[name]]))[:, 0]

    def fits(self, kept: Mapping[str, int]) -> bool:
        """Return whether every limit holds, exactly."""
        return bool((self.load(kept) <= 1).all())

    def harm(self, kept: Mapping[str, int]) -> float:
        """Return the sum of the harms, each measured with everything else whole."""
        return float(sum(self.harms[name][np.searchsorted(self.counts[name], n)] for name, n in kept.items()))


def channel_problem(
    structure: Structure,
    curves: Mapping[str, Curve],
    limits: Mapping[str, int],
    recipe: Recipe,
    allowed: Mapping[str, Sequence[int]] | None = None,
    held: Mapping[str, float] | None = None,
) -> Problem:
    """Ask how many units to keep of each prunable group.

    No group is cut further than its curve goes, and a group without a curve stays whole.

    Args:
        structure: the analysis of the dense network.
        curves: group → its harm curve.
        limits: resource → the most that may be left.
        recipe: gives ``round_to`` and what hands keep and drop; its sparsities are not read.
        allowed: the units a base run still has, of each group it cut.
        held: group → the sparsity at which it stays.
    """
    rows = [("params", "macs", "bytes").index(name) for name in limits]
    counts = _unit_counts(structure, recipe, allowed, held or {})
    sizes = {group.name: group.units for group in structure.prunable}
    return _known(
        Problem(counts, {}, limits, lambda kept, name, options: structure.cost_along(kept, name, options)[rows]),
        curves,
        sizes,
    )


def weight_problem(
    structure: Structure,
    curves: Mapping[str, Curve],
    limits: Mapping[str, int],
    remaining: Mapping[str, int],
    params: int,
    held: Mapping[str, float] | None = None,
) -> Problem:
    """Ask how many weights of each layer not to zero; of tied layers the first decides.

    Args:
        structure: the analysis of the dense network.
        curves: layer → its harm curve.
        limits: ``params`` → the most that may be left, not counting zeroed weights.
        remaining: layer → weights of the network that is zeroed; fewer than the dense layer's
            where channels were cut before.
        params: parameters of the network that is zeroed.
        held: layer → the sparsity at which it stays.
    """
    first = {layer.weight: layer for layer in reversed(structure.layers)}
    sizes = {layer.name: math.prod(layer.shape) for layer in structure.layers if first[layer.weight] is layer}
    levels = {name: [step / STEPS for step in range(STEPS + 1)] for name in sizes}
    levels |= {name: [level] for name, level in (held or {}).items() if name in sizes}
    counts = {name: np.unique([kept_units(size, level) for level in levels[name]]) for name, size in sizes.items()}

    def amounts(kept: Mapping[str, int], name: str, options: Counts) -> Vector:
        zeroed = sum(max(0, remaining[other] - kept[other]) for other in sizes if other != name)
        nonzero: Vector = params - zeroed - np.maximum(0.0, remaining[name] - options)
        return nonzero[None]

    return _known(Problem(counts, {}, limits, amounts), curves, sizes)


def not_worth(problem: Problem, worth: float = WORTH) -> tuple[str, ...]:
    """Name what could save next to nothing and may stay whole; the limits can still be met without it.

    Args:
        problem: the problem.
        worth: the least fraction of a limited resource that cutting one name alone, as far as its
            curve goes, has to save.
    """
    whole, savings = problem.whole, {}
    for name, options in problem.counts.items():
        most, least = problem.loads(whole, name, options[[-1, 0]]).T
        saved = float(((most - least) / most).max())
        if len(options) > 1 and saved < worth:
            savings[name] = saved
    spared = sorted(savings, key=savings.__getitem__)
    while spared and not problem.fits({**problem.least, **{name: whole[name] for name in spared}}):
        spared.pop()  # what saves most is needed first
    return tuple(name for name in problem.counts if name in spared)


def check_reachable(problem: Problem, pinned: Collection[str] = ()) -> None:
    """Refuse limits that nothing can meet.

    Args:
        problem: the limits.
        pinned: what stays because a person asked for it.

    Raises:
        RecipeError: there is nothing to cut, or as little of everything as can be kept is above a limit.
    """
    if not problem.counts:
        raise RecipeError("There is nothing to plan: nothing in this network can be cut.")
    what = "everything that is not pinned" if pinned else "everything"
    for (name, limit), load in zip(problem.limits.items(), problem.load(problem.least), strict=True):
        if load > 1:
            least = round(float(load) * limit)
            raise RecipeError(
                f"{name} cannot fall to {limit:,}: with {what} cut as far as the scan goes {least:,} stay."
            )


def _unit_counts(
    structure: Structure,
    recipe: Recipe,
    allowed: Mapping[str, Sequence[int]] | None,
    held: Mapping[str, float],
) -> dict[str, Counts]:
    """Collect every count that some sparsity leaves of each group, by the rule that cuts it; one of what is held."""
    whole = count_kept(structure, replace(recipe, channels=held), allowed)
    options = {group.name: {whole.get(group.name, group.units)} for group in structure.prunable}
    groups = [group for group in structure.prunable if group.name not in held]
    for kept in range(1, max((group.units for group in groups), default=0)):
        channels = {group.name: 1 - kept / group.units for group in groups if kept < group.units}
        for name, count in count_kept(structure, replace(recipe, channels=channels), allowed).items():
            if name in channels:
                options[name].add(count)
    return {name: np.array(sorted(counts)) for name, counts in options.items()}


def _known(problem: Problem, curves: Mapping[str, Curve], sizes: Mapping[str, int]) -> Problem:
    """Read each option's harm off the curves, and forget the options that go further than those."""
    counts, harms = {}, {}
    for name, options in problem.counts.items():
        curve = {kept_units(sizes[name], level): harm for level, harm in curves.get(name, [(0.0, 0.0)])}
        at = sorted(curve)
        counts[name] = np.union1d(options[options >= at[0]], options[-1:])
        harms[name] = np.interp(counts[name], at, [curve[kept] for kept in at])
    return replace(problem, counts=counts, harms=harms)
