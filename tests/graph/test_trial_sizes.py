"""In the trials every group is cut in three sizes, and no two groups that might be mistaken for each other alike."""

import pytest

from prunekit.graph.trial_sizes import trial_sizes
from prunekit.records import Group


def groups(*units):
    return [Group(f"g{number}", "channel", n, (), (), ()) for number, n in enumerate(units)]


@pytest.mark.parametrize("units", [(2,), (3,), (8,), (2, 2), (4, 8, 4), (2,) * 9, (3,) * 12, (5,) * 21, (64,) * 70])
def test_groups_with_as_many_units_lose_different_numbers_in_some_trial(units):
    cut = groups(*units)
    trials = trial_sizes(cut)
    sizes = {group.name: tuple(len(kept.get(group.name, range(group.units))) for kept in trials) for group in cut}
    assert len({(group.units, sizes[group.name]) for group in cut}) == len(cut)


@pytest.mark.parametrize("units", [(2, 2, 2), (3, 5, 3, 3), (16, 16, 7)])
def test_each_group_is_cut_to_all_but_one_to_one_and_between(units):
    cut = groups(*units)
    between, most, one, *more = trial_sizes(cut)
    for group in cut:
        assert (list(most[group.name]), list(one[group.name])) == ([*range(1, group.units)], [0])
    for kept in (between, *more):
        for name, stays in kept.items():
            (n,) = (group.units for group in cut if group.name == name)
            assert 0 < len(stays) < n
            assert sorted(set(stays)) == list(stays)
            assert stays[-1] < n
    assert set(between) == {group.name for group in cut}


def test_a_group_alone_takes_three_trials_and_the_first_leaves_every_other_unit():
    first, *others = trial_sizes(groups(8))
    assert (first["g0"], len(others)) == ([0, 2, 4, 6], 2)
