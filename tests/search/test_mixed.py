from itertools import product

import pytest

from prunekit.errors import RecipeError
from prunekit.search.mixed import mixed

WEIGHTS = {"a": 100, "b": 400, "c": 50}
CURVES = {"a": {8: 0.01, 4: 0.2, 2: 3.0}, "b": {8: 0.02, 4: 0.1, 2: 1.0}, "c": {8: 0.0, 4: 0.0, 2: 0.5}}


def size(bits):
    return sum(n * bits.get(name, 32) // 8 for name, n in WEIGHTS.items())


def harm(bits):
    return sum(CURVES[name][n] for name, n in bits.items())


@pytest.mark.parametrize("limit", [2200, 1200, 600, 400, 275, 200, 140])
def test_a_plan_fits_and_is_near_the_best_of_all(limit):
    found = mixed(CURVES, size, limit)
    assert size(found) <= limit
    every = [
        {name: n for name, n in zip(CURVES, choice, strict=True) if n < 32}
        for choice in product((32, 8, 4, 2), repeat=3)
    ]
    best = min(harm(bits) for bits in every if size(bits) <= limit)
    assert harm(found) <= best + 0.25


def test_nothing_to_do_is_nothing_done():
    assert mixed(CURVES, size, 2200) == {}


def test_a_budget_that_nothing_meets_is_refused():
    with pytest.raises(RecipeError, match="bytes cannot fall to 100: with the fewest bits that were scanned 137 stay"):
        mixed(CURVES, size, 100)
