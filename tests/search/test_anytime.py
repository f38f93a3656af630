from statistics import NormalDist

import numpy as np
import pytest
import torch

from prunekit.records import Reading, Status
from prunekit.search.anytime import Brackets, draw, enough, estimate, interpolate


def reading(value, kl=0.0):
    return Reading(
        "accuracy", value, 100, None, (value - 0.01, value + 0.01), 1.0, kl, "validation", Status.ESTIMATED, ""
    )


def logits(n=1000, seed=0):
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


def test_every_sample_comes_once_and_most_of_a_check_is_decided_narrowly():
    dense = logits()
    drawn = draw(dense, seed=1)
    assert sorted(drawn.order.tolist()) == list(range(1000))
    assert drawn.checks == (
        *(192, 224, 256, 288, 324, 364, 409, 460, 517, 581, 653, 734, 825, 928),
        1000,
    )
    top = dense.topk(2).values
    by_margin = (top[:, 0] - top[:, 1]).argsort().tolist()
    strata = [set(by_margin[:100]), set(by_margin[100:300]), set(by_margin[300:])]
    for check, size in enumerate(drawn.checks):
        found = tuple(sum(position in own for position in drawn.order[:size].tolist()) for own in strata)
        assert drawn.counts[check] == found
        # three tenths of a draw from each of the first two while they last, everything else from the third
        first, second = min(100, int(0.3 * size)), min(200, int(0.3 * size))
        assert found == ((first, second, size - first - second) if size < 1000 else (100, 200, 700))
    assert not np.array_equal(drawn.order, draw(dense, seed=2).order)
    assert np.array_equal(drawn.order, draw(dense, seed=1).order)


@pytest.mark.parametrize("n", [1, 3, 192, 193, 250])
def test_few_samples_are_all_drawn(n):
    drawn = draw(logits(n), seed=0)
    assert sorted(drawn.order.tolist()) == list(range(n))
    assert drawn.checks[-1] == n


def test_an_estimate_weighs_the_strata_by_their_size():
    drawn = draw(logits(), seed=0)
    values = (drawn.stratum[:192] == 0).astype(float)  # 1 where decided most narrowly, which a tenth is
    mean, half = estimate(values, drawn, 0)
    assert mean == pytest.approx(0.1)
    # nothing varies within a stratum: a third of a changed sample is assumed in each
    strata = ((0.1, 57, 100), (0.2, 57, 200), (0.7, 78, 700))
    variance = sum(share**2 / 3 / n / n * (1 - n / size) for share, n, size in strata)
    # two looks of which both hold with 95 %: Φ⁻¹((1 + √0.95) / 2)
    looks = NormalDist().inv_cdf((1 + 0.95**0.5) / 2)
    assert half == pytest.approx(looks * variance**0.5, rel=1e-3)
    mean, half = estimate(np.ones(1000), drawn, len(drawn.checks) - 1)
    assert (mean, half) == (1.0, 0.0)


def test_a_tenth_of_a_large_drop_is_enough():
    assert enough(0.01, 0.01, within=0.01)
    assert not enough(0.05, 0.012, within=0.01)
    assert enough(-0.3, 0.03, within=0.01)


def run(curve, levels, dense=0.9, within=0.01):
    """Measure whatever is wanted from a known curve; return what was measured and what was filled."""
    brackets, known, filled = Brackets(levels, dense, within), {}, set()
    while True:
        measure, between = brackets.wanted(known)
        filled.update(between)
        if not measure:
            return known, filled
        known.update({level: reading(curve(level)) for level in measure})


LEVELS = tuple(level / 10 for level in range(1, 10))


def test_a_flat_curve_is_measured_at_its_end_and_middle():
    known, filled = run(lambda level: 0.9, LEVELS)
    assert set(known) == {0.9, 0.5}
    assert filled == set(LEVELS) - set(known)


def test_a_cliff_is_found_and_flat_stretches_are_not_measured():
    known, filled = run(lambda level: 0.9 if level < 0.65 else 0.2, LEVELS)
    assert {0.6, 0.7} <= set(known)
    assert filled | set(known) == set(LEVELS)
    assert not {0.1, 0.2, 0.3, 0.4} & set(known)


def test_a_steep_curve_is_measured_everywhere():
    known, filled = run(lambda level: 0.9 - level, LEVELS)
    assert (set(known), filled) == (set(LEVELS), set())


def test_levels_that_lose_alike_but_much_are_not_taken_for_one():
    known, filled = run(lambda level: 0.881, LEVELS)
    assert set(known) == {0.9, 0.5, 0.3, 0.2, 0.1}
    assert filled == {0.4, 0.6, 0.7, 0.8}
    known, filled = run(lambda level: 0.879, LEVELS)  # more than twice the hundredth asked below the dense 0.9
    assert (set(known), filled) == (set(LEVELS), set())


@pytest.mark.parametrize("levels", [(0.5,), (0.3, 0.6), (0.2, 0.5, 0.8)])
def test_few_levels_are_bracketed_too(levels):
    known, filled = run(lambda level: 0.9, levels)
    assert filled | set(known) == set(levels)
    assert not filled & set(known)
    assert max(levels) in known


@pytest.mark.parametrize("missing", [0.9, 0.5])
def test_the_end_and_the_middle_are_measured_whatever_is_known(missing):
    rest = {level: reading(0.9) for level in (0.9, 0.5) if level != missing}
    assert Brackets(LEVELS, 0.9, 0.01).wanted(rest) == ([missing], [])


def test_between_two_levels_lies_a_straight_line_without_an_interval():
    dense, high = reading(0.9), reading(0.8, kl=0.4)
    found = interpolate(0.2, {0.8: high}, dense)
    assert (found.value, found.kl) == pytest.approx((0.875, 0.1))
    assert (found.status, found.interval, found.correct) == (Status.INTERPOLATED, None, None)
    low = reading(0.7, kl=0.2)
    found = interpolate(0.5, {0.4: low, 0.8: high}, dense)
    assert (found.value, found.kl) == pytest.approx((0.725, 0.25))
