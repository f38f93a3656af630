"""Allocation: how much to keep of each group or layer, by its harm curve, so that every limit holds.

Cuts meet in the cost (MACs are products of what neighbours keep), so every step asks the exact
closed formulas again; a plan never breaks a limit.
"""

import heapq
import math
from collections.abc import Callable, Mapping

import numpy as np

from prunekit.search.problem import Kept, Problem, Vector

BISECTIONS, ROUNDS, PASSES = 40, 8, 10
CHEAPEST, DEAREST = 1e-6, 1e6
"""Harm (nats) that a whole limit may cost: the range in which the price is looked for."""


def lagrangian(problem: Problem) -> Kept:
    """Minimise harm plus a price on what is left, and look for the lowest price that meets the limits.

    Given the price, each name takes its best option while the others stand still, until none
    moves. Several limits share the price, and those that bind get more of it round by round.

    Source: Shoham and Gersho, Efficient Bit Allocation for an Arbitrary Set of Quantizers, 1988.

    Args:
        problem: limits that can be met.

    Returns:
        What to keep of each name.
    """
    weights = np.full(len(problem.limits), 1 / len(problem.limits))
    plans = []
    for _ in range(ROUNDS if len(weights) > 1 else 1):
        plans.append(_priced(problem, weights))
        weights = weights * problem.load(plans[-1]) ** 8
        weights /= weights.sum()
    return min((fill(problem, kept) for kept in plans), key=problem.harm)


def greedy(problem: Problem, start: Mapping[str, int] | None = None) -> Kept:
    """Cut, step by step, where the least harm is done for what is saved, until every limit holds.

    Savings count only in the resources that are still above their limits.

    Args:
        problem: limits that can be met.
        start: what to cut further; everything whole for ``None``.

    Returns:
        What to keep of each name.
    """
    kept = dict(start or problem.whole)

    def step(name: str) -> tuple[float, str, int] | None:
        """Return the option of a name with the least harm for each saving: the chord under its curve."""
        counts, harms = problem.counts[name], problem.harms[name]
        now = int(np.searchsorted(counts, kept[name]))
        loads = problem.loads(kept, name, counts[: now + 1])
        above = loads[:, -1] > 1
        saved = (loads[above, -1:] - loads[above, :-1]).sum(0)
        if not (saved > 0).any():
            return None
        rates = np.where(saved > 0, (harms[:now] - harms[now]) / np.where(saved > 0, saved, 1), np.inf)
        best = int(np.argmin(rates))
        return float(rates[best]), name, int(counts[best])

    steps = [option for name in kept if (option := step(name))]
    heapq.heapify(steps)
    while steps and not problem.fits(kept):
        # Savings shrink as neighbours are cut, so a rate that is still the lowest when asked anew is the lowest.
        _, name, _ = heapq.heappop(steps)
        fresh = step(name)
        if fresh and steps and fresh[0] > steps[0][0]:
            heapq.heappush(steps, fresh)
        elif fresh:
            kept[name] = fresh[2]
            if again := step(name):
                heapq.heappush(steps, again)
    return fill(problem, kept)


def fill(problem: Problem, kept: Mapping[str, int]) -> Kept:
    """Give back what the limits still allow, where it mends the most harm for what it costs."""
    kept = dict(kept)
    while True:
        best: tuple[float, str, int] | None = None
        for name, counts in problem.counts.items():
            now = int(np.searchsorted(counts, kept[name]))
            loads = problem.loads(kept, name, counts[now:])
            room = int((loads[:, 1:] <= 1).all(0).sum())  # amounts rise with what is kept
            if room:
                spent = (loads[:, 1 : room + 1] - loads[:, :1]).sum(0)
                mended = problem.harms[name][now] - problem.harms[name][now + 1 : now + 1 + room]
                rates = mended / np.maximum(spent, 1e-12)
                option = int(np.argmax(rates))
                if best is None or rates[option] > best[0]:
                    best = float(rates[option]), name, int(counts[now + 1 + option])
        if best is None:
            return kept
        kept[best[1]] = best[2]


def mildest(make: Callable[[float], Kept], problem: Problem) -> Kept | None:
    """Find the lowest sparsity whose plan meets the limits, as a preset would be dragged.

    Args:
        make: sparsity → what that keeps of each name; more sparsity never keeps more.
        problem: the limits.

    Returns:
        The plan, or ``None`` where the highest sparsity is not enough.
    """
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if problem.fits(make(middle)) else (middle, high)
    kept = make(high)
    return kept if problem.fits(kept) else None


def _priced(problem: Problem, weights: Vector) -> Kept:
    best, low, high = problem.least, math.log(CHEAPEST), math.log(DEAREST)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        kept = _settle(problem, math.exp(middle) * weights)
        if problem.fits(kept):
            best, high = kept, middle
        else:
            low = middle
    return best


def _settle(problem: Problem, prices: Vector) -> Kept:
    """Let each name take its best option at these prices until none moves; of equals the one that keeps most."""
    kept = problem.whole
    for _ in range(PASSES):
        before = dict(kept)
        for name, counts in problem.counts.items():
            totals = problem.harms[name] + prices @ problem.loads(kept, name, counts)
            kept[name] = int(counts[::-1][np.argmin(totals[::-1])])
        if kept == before:
            break
    return kept
