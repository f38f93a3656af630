import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunekit.criteria.select import count_kept
from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.recipe import Recipe
from prunekit.records import Mode, Point, Reading, Status
from prunekit.search.curves import harm_curves
from prunekit.search.problem import channel_problem, check_reachable, not_worth, weight_problem
from tests.nets import example, make

LINEAR = structure_of(make("linear"), example("linear"))
RESIDUAL = structure_of(make("residual"), example("residual"))


def curves(*points):
    return harm_curves(points)


def point(name, level, kl, kind=Mode.CHANNELS):
    return Point(
        kind, name, level, Reading("accuracy", 0.5, 10, 5, (0.0, 1.0), 1.0, kl, "validation", Status.MEASURED, "")
    )


def test_options_stop_where_the_scan_stops_and_harm_is_read_between_the_points():
    points = [point("fc1", 0.5, 2.0), point("fc1", 0.75, 1.0), point("fc2", 0.25, 0.5)]
    found = channel_problem(LINEAR, curves(*points), {"macs": 100}, Recipe())
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
    found = channel_problem(LINEAR, curves(point("fc1", 0.5, 1.0)), {"macs": 100}, Recipe())
    assert found.counts["fc2"].tolist() == [8]


def test_multiples_and_hands_bound_the_options():
    points = [point("fc1", 0.9, 1.0), point("fc2", 0.9, 1.0)]
    recipe = Recipe(round_to={"fc1": 4}, keep={"fc2": (0, 1, 2)}, drop={"fc2": (7,)})
    found = channel_problem(LINEAR, curves(*points), {"macs": 100}, recipe)
    assert found.counts["fc1"].tolist() == [4, 8, 12, 16]
    assert found.counts["fc2"].tolist() == [3, 4, 5, 6, 7]


@given(
    step=st.integers(1, 9),
    keep=st.sets(st.integers(0, 7), max_size=3),
    drop=st.sets(st.integers(8, 15), max_size=8),
    gone=st.sets(st.integers(8, 15), max_size=8),
)
@settings(max_examples=40)
def test_every_option_is_what_its_sparsity_leaves(step, keep, drop, gone):
    recipe = Recipe(round_to={"fc1": step}, keep={"fc1": tuple(keep)}, drop={"fc1": tuple(drop)})
    allowed = {"fc1": [unit for unit in range(16) if unit not in gone]}
    found = channel_problem(LINEAR, curves(point("fc1", 0.95, 1.0)), {"macs": 100}, recipe, allowed)
    hands = Recipe(round_to=recipe.round_to, keep=recipe.keep, drop=recipe.drop)
    *cut, whole = found.counts["fc1"].tolist()
    assert whole == count_kept(LINEAR, hands, allowed)["fc1"]
    for count in cut:
        assert count_kept(LINEAR, hands.with_channels(fc1=1 - count / 16), allowed)["fc1"] == count


def test_loads_are_exact_amounts_over_their_limits():
    points = [point(name, 0.9, 1.0) for name in ("stem", "conv1")]
    found = channel_problem(RESIDUAL, curves(*points), {"macs": 1000, "params": 100}, Recipe())
    cost = RESIDUAL.cost({"stem": 4, "conv1": 5})
    assert found.load({"stem": 4, "conv1": 5}).tolist() == [cost.macs / 1000, cost.params / 100]
    along = found.loads({"stem": 4, "conv1": 8}, "conv1", np.array([1, 5]))
    assert along[:, 1].tolist() == [cost.macs / 1000, cost.params / 100]


def test_zeroed_weights_are_counted_where_channels_went_too():
    points = [point(layer.name, 0.5, 1.0, Mode.WEIGHTS) for layer in LINEAR.layers]
    # of fc1's 96 weights 60 are left by a channel cut: keeping 80 zeroes none, keeping 48 zeroes 12
    found = weight_problem(LINEAR, curves(*points), {"params": 100}, {"fc1": 60, "fc2": 128, "fc3": 24}, 230)
    amounts = found.amounts(found.whole, "fc1", np.array([80, 48]))
    assert amounts.tolist() == [[230, 218]]
    assert found.counts["fc1"][0] == 48


def test_what_saves_next_to_nothing_is_spared_unless_it_is_needed():
    points = [point(name, 0.9, 1.0) for name in ("fc1", "fc2")]
    # fc1 alone can save (16-1)·(6+8) = 210 of 248 MACs, which is 85 %, and fc2 (8-1)·(16+3) = 133, which is 54 %
    asked = channel_problem(LINEAR, curves(*points), {"macs": 200}, Recipe())
    assert not_worth(asked, worth=0.53) == ()
    assert not_worth(asked, worth=0.55) == ("fc2",)
    # 38 are left with fc2 whole and one of fc1: 37 need a cut of fc2 as well
    tight = channel_problem(LINEAR, curves(*points), {"macs": 38}, Recipe())
    assert not_worth(tight, worth=0.55) == ("fc2",)
    tighter = channel_problem(LINEAR, curves(*points), {"macs": 37}, Recipe())
    assert not_worth(tighter, worth=0.55) == ()


def test_what_saves_most_is_needed_first():
    points = [point(name, 0.9, 1.0) for name in ("fc1", "fc2")]
    # nothing saves 90 %, but 200 of 248 MACs need a cut: of fc1, which saves more
    asked = channel_problem(LINEAR, curves(*points), {"macs": 200}, Recipe())
    assert not_worth(asked, worth=0.9) == ("fc2",)
    free = channel_problem(LINEAR, curves(*points), {"macs": 248}, Recipe())
    assert not_worth(free, worth=0.9) == ("fc1", "fc2")


def test_a_saving_in_one_limited_resource_is_enough():
    # conv1 of the residual network, alone and as far as it goes, saves 7/8 of its own MACs and those of its reader
    points = [point(name, 0.9, 1.0) for name in ("stem", "conv1")]
    dense, cut = RESIDUAL.cost({}), RESIDUAL.cost({"conv1": 1})
    macs, params = 1 - cut.macs / dense.macs, 1 - cut.params / dense.params
    assert macs > params
    both = {"macs": dense.macs, "params": dense.params}
    between = (macs + params) / 2
    assert "conv1" not in not_worth(channel_problem(RESIDUAL, curves(*points), both, Recipe()), between)
    alone = channel_problem(RESIDUAL, curves(*points), {"params": dense.params}, Recipe())
    assert "conv1" in not_worth(alone, between)


def test_what_is_held_has_one_option():
    points = [point("fc1", 0.9, 1.0), point("fc2", 0.9, 1.0)]
    found = channel_problem(LINEAR, curves(*points), {"macs": 100}, Recipe(), held={"fc1": 0.5, "fc2": 0.0})
    assert {name: counts.tolist() for name, counts in found.counts.items()} == {"fc1": [8], "fc2": [8]}
    assert not_worth(found, worth=0.9) == ()
    points = [point(layer.name, 0.5, 1.0, Mode.WEIGHTS) for layer in LINEAR.layers]
    remaining = {"fc1": 96, "fc2": 128, "fc3": 24}
    found = weight_problem(LINEAR, curves(*points), {"params": 100}, remaining, 275, {"fc2": 0.25})
    assert found.counts["fc2"].tolist() == [96]
    assert found.amounts(found.whole, "fc1", np.array([96, 48])).tolist() == [[275 - 32, 275 - 32 - 48]]


def test_what_is_held_keeps_what_hands_and_a_base_run_left():
    recipe = Recipe(drop={"fc1": (0, 1)}, round_to={"fc2": 4})
    found = channel_problem(LINEAR, {}, {"macs": 100}, recipe, {"fc2": range(7)}, held={"fc1": 0.0, "fc2": 0.25})
    # fc1: 16 less the two dropped; fc2: a quarter of 8 leaves 6, in fours 4
    assert {name: counts.tolist() for name, counts in found.counts.items()} == {"fc1": [14], "fc2": [4]}


def test_limits_out_of_reach_are_one_sentence():
    found = channel_problem(LINEAR, curves(point("fc1", 0.9, 1.0)), {"macs": 37}, Recipe())
    # fc1 keeps ⌊1.6⌋ = 1 of 16: 6 + 8 + 24 MACs
    with pytest.raises(
        RecipeError, match="macs cannot fall to 37: with everything cut as far as the scan goes 38 stay."
    ):
        check_reachable(found)
    check_reachable(channel_problem(LINEAR, curves(point("fc1", 0.9, 1.0)), {"macs": 38}, Recipe()))
    with pytest.raises(RecipeError, match="with everything that is not pinned cut as far"):
        check_reachable(found, ["fc2"])
