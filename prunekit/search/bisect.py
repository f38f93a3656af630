"""Bisection: the strongest cut whose measured loss is still allowed."""

from collections.abc import Callable, Generator
from dataclasses import replace

from prunekit.records import Candidate
from prunekit.search.problem import Kept, Problem

BISECTIONS = 7
"""Evaluations that look for the strongest cut within a loss: to a hundredth of the network."""


def bisect(
    problem: Problem, allocate: Callable[[Problem], Kept], evaluate: Callable[[Kept], Candidate]
) -> Generator[Candidate, None, Problem]:
    """Look for the strongest cut whose measured loss fits.

    Args:
        problem: the allocation problem; its only limit is that of the weakest cut.
        allocate: makes a plan that meets a problem's limits.
        evaluate: measures a plan, and says which targets it misses.

    Yields:
        Each candidate that was evaluated on the way.

    Returns:
        The problem with the limit at the strongest cut that fits.
    """
    ((resource, limit),) = problem.limits.items()
    low, high = float(problem.load(problem.least)[0]), 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        candidate = evaluate(allocate(replace(problem, limits={resource: round(middle * limit)})))
        yield candidate
        low, high = (middle, high) if candidate.misses else (low, middle)
    return replace(problem, limits={resource: round(high * limit)})
