import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prunekit.criteria.select import count_kept, select
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from tests import nets

STRUCTURE = structure_of(nets.make("linear"), nets.example("linear"))  # fc1: 16 units, fc2: 8 units
SCORES = {"fc1": np.arange(16.0), "fc2": np.array([5.0, 1.0, 4.0, 1.0, 3.0, 1.0, 2.0, 0.0])}


def kept(allowed=None, **recipe):
    return select(STRUCTURE, SCORES, Recipe(**recipe), allowed)


def test_the_lowest_scores_go_first_and_the_lower_number_among_equals():
    # order of leaving: 7 (0), 1, 3, 5 (1 each), 6 (2), 4, 2, 0
    assert kept(channels={"fc2": 0.25}) == {"fc2": (0, 2, 3, 4, 5, 6)}
    assert kept(channels={"fc2": 0.5}) == {"fc2": (0, 2, 4, 6)}


def test_a_whole_group_never_goes():
    assert kept(channels={"fc2": 1.0}) == {"fc2": (0,)}


def test_dropped_units_count_within_what_is_removed():
    # of two removed, one is unit 0 by hand, the other unit 7 by score
    assert kept(channels={"fc2": 0.25}, drop={"fc2": [0]}) == {"fc2": (1, 2, 3, 4, 5, 6)}
    assert kept(drop={"fc2": [0, 2]}) == {"fc2": (1, 3, 4, 5, 6, 7)}


def test_kept_units_stay_even_where_they_are_more_than_asked():
    assert kept(channels={"fc2": 0.75}, keep={"fc2": [7]}) == {"fc2": (0, 7)}
    assert kept(channels={"fc2": 1.0}, keep={"fc2": [1, 3, 7]}) == {"fc2": (1, 3, 7)}


def test_rounding_leaves_multiples():
    assert len(kept(channels={"fc1": 0.3}, round_to={"fc1": 4})["fc1"]) == 8  # 11 → 8
    assert len(kept(drop={"fc1": [0]}, round_to={"fc1": 4})["fc1"]) == 12  # 15 are left → 12
    assert len(kept(drop={"fc2": [0]}, round_to={"fc2": 8})["fc2"]) == 7  # no multiple of 8 is left


def test_a_child_keeps_a_subset_of_its_base_run():
    base = {"fc1": (8, 9, 10, 15), "fc2": (0, 3)}
    assert kept(base, channels={"fc1": 0.25}) == base  # 12 would stay of 16: all 4 do
    assert kept(base, channels={"fc1": 0.875}) == {"fc1": (10, 15), "fc2": (0, 3)}


fractions = st.floats(0, 1)
some_units = st.lists(st.integers(0, 15), max_size=6, unique=True)


@given(
    st.lists(st.integers(0, 4), min_size=16, max_size=16),
    fractions,
    fractions,
    some_units,
    some_units,
    st.sampled_from([1, 3, 4]),
    st.sets(st.integers(0, 15), min_size=8),
)
def test_a_larger_sparsity_removes_a_superset(scores, one, other, keep, drop, step, allowed):
    less, more = sorted((one, other))
    hand = {
        "keep": {"fc1": [unit for unit in keep if unit not in drop and unit in allowed]},
        "drop": {"fc1": drop},
        "round_to": {"fc1": step},
    }
    base = {"fc1": tuple(allowed)}

    def chosen(sparsity):
        recipe = Recipe(channels={"fc1": sparsity}, **hand)
        found = select(STRUCTURE, {"fc1": np.array(scores, dtype=float)}, recipe, base)["fc1"]
        assert count_kept(STRUCTURE, recipe, base)["fc1"] == len(found) >= 1
        assert set(found) <= allowed
        assert set(found) >= set(hand["keep"]["fc1"])
        assert not set(found) & set(drop)
        return set(found)

    assert chosen(more) <= chosen(less)
