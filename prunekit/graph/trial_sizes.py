"""How many units of each group stay in each trial."""

from collections import Counter
from collections.abc import Mapping, Sequence

from prunekit.records import Group

Kept = Mapping[str, Sequence[int]]
"""Which units of each group stay; groups not named stay whole."""


def trial_sizes(groups: Sequence[Group]) -> tuple[Kept, ...]:
    """Choose the trials in which groups are cut together.

    In the first each group loses about half of its units, in the second the first one, in the third all but the first.
    Code may take the size of one group for that of another that has as many units, which goes well while both lose as
    many. So groups of one size lose different numbers in the first trial, and in more trials where it has too few.

    Example:
        >>> groups = [Group(name, "channel", 4, (), (), ()) for name in "ab"]
        >>> [{name: list(units) for name, units in kept.items()} for kept in trial_sizes(groups)]
        [{'a': [0, 2], 'b': [0]}, {'a': [1, 2, 3], 'b': [1, 2, 3]}, {'a': [0], 'b': [0]}]
    """
    ranks: dict[str, int] = {}
    others: Counter[int] = Counter()
    for group in groups:
        ranks[group.name] = others[group.units]
        others[group.units] += 1
    first = {g.name: _spread(g.units, _sizes(g.units)[ranks[g.name] % (g.units - 1)]) for g in groups}
    # What the first trial cannot tell apart, later ones do, by the digits of a number; in those a group may stay whole.
    rest = {group.name: ranks[group.name] // (group.units - 1) for group in groups}
    more: list[Kept] = []
    while any(rest.values()):
        sizes = {g: [*_sizes(g.units), g.units][rest[g.name] % g.units] for g in groups}
        more.append({g.name: _spread(g.units, size) for g, size in sizes.items() if size < g.units})
        rest = {group.name: rest[group.name] // group.units for group in groups}
    return (
        first,
        {group.name: range(1, group.units) for group in groups},
        {group.name: range(1) for group in groups},
        *more,
    )


def _sizes(units: int) -> list[int]:
    """List the sizes that a cut leaves, from the half outwards."""
    return sorted(range(1, units), key=lambda size: (abs(2 * size - units), size))


def _spread(units: int, size: int) -> list[int]:
    return [place * units // size for place in range(size)]
