import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunekit.criteria.select import count_kept
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Mode, Point, Reading, Status
from prunekit.search.problem import channel_problem, check_reachable, weight_problem, worthwhile
from tests.nets import example, make

LINEAR = structure_of(make("linear"), example("linear"))
RESIDUAL = structure_of(make("residual"), example("residual"))


def point(name, level, kl, kind=Mode.CHANNELS):
    return Point(
        kind, name, level, Reading("accuracy", 0.5, 10, 5, (0.0, 1.0), 1.0, kl, "validation", Status.MEASURED, "")
    )


def test_options_stop_where_the_scan_stops_and_harm_is_read_between_the_points():
    points = [point("fc1", 0.5, 2.0), point("fc1", 0.75, 1.0), point("fc2", 0.25, 0.5)]
    found = channel_problem(LINEAR, points, {"macs": 100}, Recipe())
    # fc1: 16 whole, 8 at 0.5, 4 at 0.75, where less harm than at 0.5 counts as as much
    assert found.counts["fc1"].tolist() == list(range(4, 17))
    assert found.harms["fc1"].tolist() == [2.0] * 5 + [1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25, 0.0]
    assert dict(zip(found.counts["fc2"].tolist(), found.harms["fc2"].tolist(), strict=True)) == {
        6: 0.5,
        7: 0.25,
        8: 0.0,
    }
    assert found.harm({"fc1": 12, "fc2": 7}) == 1.25


def test_a_group_without_a_point_stays_whole():
    found = channel_problem(LINEAR, [point("fc1", 0.5, 1.0)], {"macs": 100}, Recipe())
    assert found.counts["fc2"].tolist() == [8]


def test_multiples_and_hands_bound_the_options():
    points = [point("fc1", 0.9, 1.0), point("fc2", 0.9, 1.0)]
    recipe = Recipe(round_to={"fc1": 4}, keep={"fc2": (0, 1, 2)}, drop={"fc2": (7,)})
    found = channel_problem(LINEAR, points, {"macs": 100}, recipe)
    assert found.counts["fc1"].tolist() == [4, 8, 12, 16]
    assert found.counts["fc2"].tolist() == [3, 4, 5, 6, 7]


@given(
    step=st.integers(1, 9),
    keep=st.sets(st.integers(0, 7), max_size=3),
    drop=st.sets(st.integers(8, 15), max_size=8),
    gone=st.sets(st.integers(8, 15), max_size=8),
)
@settings(max_examples=40, deadline=None)
def test_every_option_is_what_its_sparsity_leaves(step, keep, drop, gone):
    recipe = Recipe(round_to={"fc1": step}, keep={"fc1": tuple(keep)}, drop={"fc1": tuple(drop)})
    allowed = {"fc1": [unit for unit in range(16) if unit not in gone]}
    found = channel_problem(LINEAR, [point("fc1", 0.95, 1.0)], {"macs": 100}, recipe, allowed)
    hands = Recipe(round_to=recipe.round_to, keep=recipe.keep, drop=recipe.drop)
    *cut, whole = found.counts["fc1"].tolist()
    assert whole == count_kept(LINEAR, hands, allowed)["fc1"]
    for count in cut:
        assert count_kept(LINEAR, hands.with_channels(fc1=1 - count / 16), allowed)["fc1"] == count


def test_loads_are_exact_amounts_over_their_limits():
    points = [point(name, 0.9, 1.0) for name in ("stem", "conv1")]
    found = channel_problem(RESIDUAL, points, {"macs": 1000, "params": 100}, Recipe())
    cost = RESIDUAL.cost({"stem": 4, "conv1": 5})
    assert found.load({"stem": 4, "conv1": 5}).tolist() == [cost.macs / 1000, cost.params / 100]
    along = found.loads({"stem": 4, "conv1": 8}, "conv1", np.array([1, 5]))
    assert along[:, 1].tolist() == [cost.macs / 1000, cost.params / 100]


def test_zeroed_weights_are_counted_where_channels_went_too():
    points = [point(layer.name, 0.5, 1.0, Mode.WEIGHTS) for layer in LINEAR.layers]
    # of fc1's 96 weights 60 are left by a channel cut: keeping 80 zeroes none, keeping 48 zeroes 12
    found = weight_problem(LINEAR, points, {"params": 100}, {"fc1": 60, "fc2": 128, "fc3": 24}, 230)
    amounts = found.amounts(found.whole, "fc1", np.array([80, 48]))
    assert amounts.tolist() == [[230, 218]]
    assert found.counts["fc1"][0] == 48


def test_what_saves_next_to_nothing_stays_whole_unless_it_is_needed():
    points = [point(name, 0.9, 1.0) for name in ("fc1", "fc2")]
    # fc1 alone can save (16-1)·(6+8) = 210 of 248 MACs, fc2 (8-1)·(16+3) = 133
    found = worthwhile(channel_problem(LINEAR, points, {"macs": 200}, Recipe()), worth=0.6)
    assert found.counts["fc2"].tolist() == [8]
    assert len(found.counts["fc1"]) == 16
    needed = channel_problem(LINEAR, points, {"macs": 20}, Recipe())
    assert worthwhile(needed, worth=0.6) is needed


def test_limits_out_of_reach_are_one_sentence():
    found = channel_problem(LINEAR, [point("fc1", 0.9, 1.0)], {"macs": 37}, Recipe())
    # fc1 keeps ⌊1.6⌋ = 1 of 16: 6 + 8 + 24 MACs
    with pytest.raises(
        RecipeError, match="macs cannot fall to 37: with everything cut as far as the scan goes 38 stay."
    ):
        check_reachable(found, found.least)
    check_reachable(channel_problem(LINEAR, [point("fc1", 0.9, 1.0)], {"macs": 38}, Recipe()), {"fc1": 1, "fc2": 8})
