import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunekit.graph import structure_of
from prunekit.recipe import kept_units
from prunekit.search.allocate import fill, greedy, lagrangian, mildest
from prunekit.search.problem import Problem
from tests.nets import NETS, example, make

STRUCTURES = {name: structure_of(make(name), example(name)) for name in NETS}
ROWS = ("params", "macs", "bytes")


def problem(name, shares, seed=0, convex=True, held=None):
    """Random harm curves over every count, and limits as shares of the dense network."""
    structure, draw = STRUCTURES[name], np.random.default_rng(seed)
    counts = {group.name: np.arange(1, group.units + 1) for group in structure.prunable}
    harms = {}
    for group, options in counts.items():
        steps = draw.random(len(options) - 1) ** 3
        steps = np.sort(steps) if convex else steps  # the first units to go harm least
        harms[group] = np.append(np.cumsum(steps)[::-1], 0.0) * draw.uniform(0.1, 3)
    for group, count in (held or {}).items():
        counts[group], harms[group] = counts[group][count - 1 : count], harms[group][count - 1 : count]
    dense = structure.cost({})
    limits = {resource: int(share * getattr(dense, resource)) for resource, share in shares.items()}
    rows = [ROWS.index(resource) for resource in limits]
    return Problem(counts, harms, limits, lambda kept, group, n: structure.cost_along(kept, group, n)[rows])


def holds(name, asked, kept):
    cost = STRUCTURES[name].cost(kept)
    return all(getattr(cost, resource) <= limit for resource, limit in asked.limits.items())


def optimum(name, asked):
    """The least harm of all plans that hold, by trying every one."""
    plans = (dict(zip(asked.counts, map(int, kept), strict=True)) for kept in itertools.product(*asked.counts.values()))
    return min(asked.harm(kept) for kept in plans if holds(name, asked, kept))


@pytest.mark.parametrize("allocate", [lagrangian, greedy])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("linear", {"macs": 0.5}),
        ("linear", {"macs": 0.5, "params": 0.4}),
        ("residual", {"macs": 0.3}),
        ("residual", {"params": 0.6, "bytes": 0.5}),
        ("depthwise", {"macs": 0.5}),
    ],
)
def test_no_plan_is_more_than_one_step_better(allocate, seed, name, shares):
    asked = problem(name, shares, seed)
    kept = allocate(asked)
    best = optimum(name, asked)
    largest_step = max(float(-np.diff(harms).min()) for harms in asked.harms.values())
    assert best - 1e-9 <= asked.harm(kept) <= best + largest_step


@pytest.mark.parametrize("allocate", [lagrangian, greedy])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "shares", "held"),
    [
        ("linear", {"macs": 0.5}, {"fc2": 8}),
        ("linear", {"macs": 0.5, "params": 0.6}, {"fc1": 9}),
        ("plain", {"macs": 0.4}, {"conv1": 5}),
        ("plain", {"params": 0.5, "bytes": 0.6}, {"conv2": 12, "fc1": 3}),
        ("depthwise", {"macs": 0.5}, {"stem": 4}),
    ],
)
def test_what_is_held_stays_and_no_plan_around_it_is_more_than_one_step_better(allocate, seed, name, shares, held):
    asked = problem(name, shares, seed, held=held)
    kept = allocate(asked)
    assert {group: kept[group] for group in held} == held
    best = optimum(name, asked)
    largest_step = max(float(-np.diff(harms).min(initial=0.0)) for harms in asked.harms.values())
    assert best - 1e-9 <= asked.harm(kept) <= best + largest_step


def test_by_hand_the_harmless_group_pays():
    # fc1 16 × fc2 8 units: 6·16 + 16·8 + 8·3 = 248 MACs; fc1 harms ten times as much as fc2 for each unit
    asked = problem("linear", {"macs": 0.75})
    asked = replace(asked, harms={"fc1": 10.0 * np.arange(15, -1, -1), "fc2": 1.0 * np.arange(7, -1, -1)})
    # 186 are left: with fc1 whole 96 + 16·k + 3·k ≤ 186 keeps ⌊90/19⌋ = 4 of fc2
    assert lagrangian(asked) == greedy(asked) == {"fc1": 16, "fc2": 4}


@pytest.mark.slow
@given(
    name=st.sampled_from(sorted(NETS)),
    shares=st.dictionaries(st.sampled_from(ROWS), st.floats(0.02, 1.0), min_size=1),
    seed=st.integers(0, 1000),
    convex=st.booleans(),
)
@settings(max_examples=60)
def test_a_plan_never_breaks_a_limit_and_leaves_no_room(name, shares, seed, convex):
    asked = problem(name, shares, seed, convex)
    if not holds(name, asked, asked.least):
        return
    for allocate in (lagrangian, greedy):
        kept = allocate(asked)
        assert holds(name, asked, kept)
        for group, n in kept.items():
            assert n == asked.whole[group] or not holds(name, asked, {**kept, group: n + 1})


def test_what_costs_nothing_stays_whole():
    asked = problem("linear", {"macs": 1.0})
    assert lagrangian(asked) == greedy(asked) == asked.whole


def test_greedy_cuts_on_from_a_start():
    asked = problem("plain", {"macs": 0.7})
    start = lagrangian(asked)
    tighter = replace(asked, limits={"macs": asked.limits["macs"] // 2})
    kept = greedy(tighter, start)
    assert holds("plain", tighter, kept)
    assert not holds("plain", tighter, start)


def test_fill_gives_back_what_mends_most():
    asked = problem("linear", {"params": 1.0})
    harms = {"fc1": 1.0 * np.arange(15, -1, -1), "fc2": 50.0 * np.arange(7, -1, -1)}
    # one unit of fc2 costs 16 + 1 weights and bias and 3 readers with fc1 whole; room for one of the two
    tight = replace(asked, harms=harms, limits={"params": STRUCTURES["linear"].cost({"fc1": 15, "fc2": 8}).params})
    assert fill(tight, {"fc1": 15, "fc2": 7}) == {"fc1": 15, "fc2": 8}


def test_the_mildest_uniform_sparsity_is_one_step_from_breaking_the_limit():
    asked = problem("plain", {"macs": 0.5})
    units = {group.name: group.units for group in STRUCTURES["plain"].prunable}

    def uniform(sparsity):
        return {group: kept_units(n, sparsity) for group, n in units.items()}

    kept = mildest(uniform, asked)
    assert holds("plain", asked, kept)
    # milder means one group has one unit more; some such neighbour on the way of the bar breaks the limit
    levels = sorted({1 - k / n for n in units.values() for k in range(1, n + 1)})
    before = max(
        level for level in levels if uniform(level) != kept and sum(uniform(level).values()) > sum(kept.values())
    )
    assert not holds("plain", asked, uniform(before))


def test_there_is_no_mildest_plan_where_none_is_enough():
    assert mildest(lambda sparsity: {"fc1": 16, "fc2": 8}, problem("linear", {"macs": 0.5})) is None
