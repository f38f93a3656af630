import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunekit.objectives.intervals import median_interval, paired, wilson


def test_half_of_ten_by_hand():
    # z² = 3.8415: centre (0.5 + 0.19207) / 1.38415 = 0.5, half 1.95996·√(0.025 + 0.0096037) / 1.38415 = 0.26341
    assert wilson(5, 10) == (pytest.approx(0.23659, abs=1e-5), pytest.approx(0.76341, abs=1e-5))


def test_nothing_right_ends_at_z2_over_n_plus_z2():
    # high = z² / (n + z²) = 3.8415 / 23.8415
    assert wilson(0, 20) == (0.0, pytest.approx(0.16113, abs=1e-5))
    assert wilson(20, 20) == (pytest.approx(1 - 0.16113, abs=1e-5), 1.0)


def test_no_sample_says_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("correct", [0, 1, 37, 99, 100])
def test_the_interval_holds_the_share_and_shrinks_with_more_samples(correct):
    low, high = wilson(correct, 100)
    narrow, wide = wilson(correct * 10, 1000)
    assert 0 <= low <= correct / 100 <= high <= 1
    assert wide - narrow < high - low


def test_the_interval_of_a_median_by_the_table():
    # two-sided 95 % sign test: n = 6, 9, 20 use the order statistics 1, 2, 6 from either end
    assert median_interval(range(1, 7)) == (1, 6)
    assert median_interval(range(1, 10)) == (2, 8)
    assert median_interval(range(20, 0, -1)) == (6, 15)
    assert median_interval([1.0] * 5) == (-math.inf, math.inf)


@pytest.mark.parametrize("n", range(6, 60))
def test_the_interval_of_a_median_covers_it_often_enough_and_is_no_wider_than_needed(n):
    low, high = median_interval(range(n))
    # the median lies below the value of rank low + 1 where at most `low` of n coins show heads
    outside = 2 * sum(math.comb(n, heads) for heads in range(low + 1)) / 2**n
    narrower = 2 * sum(math.comb(n, heads) for heads in range(low + 2)) / 2**n
    assert low + high == n - 1
    assert outside <= 0.05 < narrower


def test_a_paired_interval_by_hand():
    # No difference at all still leaves the two half samples: ±1.96·√1 / 100.
    assert paired(0, 0, 98) == pytest.approx((-0.0195996, 0.0195996), abs=1e-6)
    low, high = paired(4, 12, 198)  # centre 8/200, half 1.95996·√(17 − 64/200)/200
    assert (low, high) == pytest.approx((0.04 - 0.040024, 0.04 + 0.040024), abs=1e-5)


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_paired_interval_swaps_with_its_sides_and_holds_what_was_measured(broken, fixed):
    low, high = paired(broken, fixed, 100)
    assert (-high, -low) == pytest.approx(paired(fixed, broken, 100))
    assert low <= (fixed - broken) / 100 <= high


def test_paired_intervals_hold_the_truth_about_as_often_as_they_say():
    draw = random.Random(4)
    held = 0
    for _ in range(400):
        kinds = draw.choices(("broken", "fixed", "alike"), (0.05, 0.1, 0.85), k=200)
        low, high = paired(kinds.count("broken"), kinds.count("fixed"), 200)
        held += low <= 0.05 <= high
    assert held >= 0.92 * 400  # 95 % is promised; four standard errors below is 0.906
