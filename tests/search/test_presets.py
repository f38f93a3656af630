from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunekit.errors import RecipeError
from prunekit.graph import structure_of
from prunekit.recipe import kept_units
from prunekit.records import Mode, Point, Reading, Status
from prunekit.search.presets import by_sensitivity, global_scores, uniform
from tests import nets

NET = nets.make("plain")
STRUCTURE = structure_of(NET, nets.example("plain"))  # conv1: 8 units, conv2: 12, fc1: 10
UNITS = {"conv1": 8, "conv2": 12, "fc1": 10}


def point(name, level, kl, kind=Mode.CHANNELS):
    reading = Reading("accuracy", 0.5, 10, 5, None, 1.0, kl, "validation", Status.MEASURED, "")
    return Point(kind, name, level, reading)


def curves(**slopes):
    return [point(name, level / 10, slope * level / 10) for name, slope in slopes.items() for level in range(1, 10)]


def test_uniform_leaves_the_protected_alone_and_masks_every_layer():
    assert uniform(STRUCTURE, 0.4) == dict.fromkeys(UNITS, 0.4)
    assert uniform(STRUCTURE, 0.4, Mode.WEIGHTS) == dict.fromkeys(("conv1", "conv2", "fc1", "fc2"), 0.4)


def test_global_takes_the_lowest_of_all_by_hand():
    # over their means a is .5, 1, 1.5 and b is .25, 1.75: the two lowest are one of each
    assert global_scores({"a": np.array([1.0, 2.0, 3.0]), "b": np.array([10.0, 70.0])}, 0.4) == {"a": 1 / 3, "b": 0.5}


def test_global_never_takes_a_whole_group():
    found = global_scores({"a": np.zeros(4), "b": np.arange(1.0, 41.0)}, 1.0)
    assert found == {"a": 0.75, "b": 0.95}
    assert global_scores({"a": np.ones(1), "b": np.ones(3)}, 0.5) == {"a": 0.0, "b": 2 / 3}


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=40), min_size=1, max_size=5), st.floats(0, 1))
def test_global_removes_the_fraction_asked_where_it_may(groups, sparsity):
    scores = {str(i): np.array(values, dtype=float) for i, values in enumerate(groups)}
    found = global_scores(scores, sparsity)
    removed = {name: values.size - kept_units(values.size, found[name]) for name, values in scores.items()}
    assert all(found[name] == removed[name] / values.size for name, values in scores.items())
    most = sum(min(values.size - 1, int(0.95 * values.size + 1e-9)) for values in scores.values())
    assert sum(removed.values()) == min(most, round(sparsity * sum(values.size for values in scores.values())))


@pytest.mark.parametrize("sparsity", [0.2, 0.5, 0.7])
def test_sensitivity_removes_the_macs_of_uniform_and_spares_the_sensitive(sparsity):
    found = by_sensitivity(STRUCTURE, curves(conv1=10.0, conv2=1.0, fc1=1.0), sparsity)

    def macs(shares):
        return STRUCTURE.cost({name: kept_units(UNITS[name], share) for name, share in shares.items()}).macs

    target = macs(uniform(STRUCTURE, sparsity))
    assert macs(found) <= target
    # the limit is the smallest that reaches the target: giving any one unit back misses it
    assert found["conv1"] < found["conv2"]
    assert any(macs({**found, name: found[name] - 1 / UNITS[name]}) > target for name in UNITS if found[name] > 0)


def test_equally_sensitive_groups_are_cut_alike():
    found = by_sensitivity(STRUCTURE, curves(conv1=1.0, conv2=1.0, fc1=1.0), 0.5)
    assert found == {"conv1": 0.5, "conv2": 0.5, "fc1": 0.5}


@pytest.mark.parametrize("held", [{"conv2": 0.0}, {"conv2": 0.9}, {"conv1": 0.25, "fc1": 0.3}])
def test_what_is_held_stays_and_the_others_meet_the_target_of_a_uniform_cut_around_it(held):
    points = curves(conv1=3.0, conv2=1.0, fc1=2.0)

    def macs(shares):
        return STRUCTURE.cost({name: kept_units(UNITS[name], share) for name, share in shares.items()}).macs

    asked = uniform(STRUCTURE, 0.5, held=held)
    assert asked == {name: held.get(name, 0.5) for name in UNITS}
    found = by_sensitivity(STRUCTURE, points, 0.5, held)
    assert {name: found[name] for name in held} == held
    assert macs(found) <= macs(asked)
    free = [name for name in UNITS if name not in held]
    assert any(macs({**found, name: found[name] - 1 / UNITS[name]}) > macs(asked) for name in free if found[name] > 0)


def test_with_everything_held_a_preset_changes_nothing():
    held = {"conv1": 0.125, "conv2": 0.0, "fc1": 0.7}
    assert by_sensitivity(STRUCTURE, curves(conv1=1.0, conv2=1.0, fc1=1.0), 0.5, held) == held


def test_layers_are_balanced_by_weights():
    points = [replace(p, kind=Mode.WEIGHTS) for p in curves(conv1=5.0, conv2=1.0, fc1=1.0, fc2=1.0)]
    size = {"conv1": 216, "conv2": 864, "fc1": 480, "fc2": 40}
    found = by_sensitivity(STRUCTURE, points, 0.5)
    removed = sum(round(found[name] * n) for name, n in size.items())
    assert removed == pytest.approx(800, abs=4)
    assert found["conv1"] == pytest.approx(found["conv2"] / 5, abs=0.01)


def test_no_group_goes_further_than_it_was_scanned_and_unknown_ones_stay_whole():
    found = by_sensitivity(STRUCTURE, [point("conv2", 0.5, 0.1)], 0.9)
    assert found == {"conv1": 0.0, "conv2": 0.5, "fc1": 0.0}


def test_a_curve_that_dips_counts_as_flat():
    # the limit that uniform 1/2 asks for lies under 2, so the dip at 0.9 is not reached over the peak at 0.5
    points = [point("conv1", 0.5, 2.0), point("conv1", 0.9, 0.1), *curves(conv2=1.0, fc1=1.0)]
    assert by_sensitivity(STRUCTURE, points, 0.5)["conv1"] <= 0.5


def test_without_points_there_is_nothing_to_go_by():
    with pytest.raises(RecipeError, match="run a scan first"):
        by_sensitivity(STRUCTURE, [], 0.5)
