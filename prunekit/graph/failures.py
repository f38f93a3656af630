"""Which groups cannot be cut, told by the places at which passes with many groups cut at once go wrong."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from prunekit.graph.trial_sizes import Kept


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One place at which a pass went wrong.

    Attributes:
        suspects: the groups that were cut and may have brought it about, the likeliest first.
        reason: what went wrong, in words.
    """

    suspects: tuple[str, ...]
    reason: str


Attempt = Callable[[Kept], Sequence[Suspicion]]
"""Cuts groups together and returns where that goes wrong; nowhere where all of them can go."""


def failures(attempt: Attempt, kept: Kept) -> dict[str, str]:
    """Return the groups that cannot be cut, with why; the others can, all together.

    Whoever is alone at a place that goes wrong has failed. Where several groups meet, some of them are cut without
    the others, in as many places at once as there are. So the number of passes depends on how many groups meet, not
    on how many there are.
    """
    failing: dict[str, str] = {}
    can_go: set[str] = set()
    while wrong := attempt({name: units for name, units in kept.items() if name not in failing}):
        failing |= _alone(wrong) or _apart(attempt, kept, wrong, can_go)
    return failing


def _alone(wrong: Sequence[Suspicion]) -> dict[str, str]:
    return {one.suspects[0]: one.reason for one in reversed(wrong) if len(one.suspects) == 1}


def _apart(attempt: Attempt, kept: Kept, wrong: Sequence[Suspicion], can_go: set[str]) -> dict[str, str]:
    """Cut suspects without those that they meet, until one of them fails; note which of them can go."""
    while some := _some(wrong, can_go):
        failing = failures(attempt, {name: units for name, units in kept.items() if name in some})
        can_go |= some - failing.keys()
        if failing:
            return failing
    # Each can go, all together cannot: with the last one whole, this place does not go wrong.
    return {wrong[0].suspects[-1]: wrong[0].reason}


def _some(wrong: Sequence[Suspicion], can_go: Collection[str]) -> set[str]:
    """Choose suspects of every place: the likeliest alone, and where that was not it, half of the others."""
    some: set[str] = set()
    whole: set[str] = set()
    for one in wrong:
        unknown = [name for name in one.suspects if name not in can_go and name not in whole]
        if some.isdisjoint(unknown):
            some.update(unknown[: len(unknown) // 2 or 1] if can_go else unknown[:1])
        whole.update(set(one.suspects) - some)
    return some
