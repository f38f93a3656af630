import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunekit.criteria.agreement import agreement, spearman

SCORES = st.lists(st.integers(0, 9), min_size=2, max_size=30)


def vector(values):
    return np.array(values, dtype=np.float64)


def test_by_hand_with_and_without_ties():
    # differences of ranks 1, 1, 1, 1, 0: 1 − 6·4 / (5·24) = 0.8
    assert spearman(vector([1, 2, 3, 4, 5]), vector([2, 1, 4, 3, 5])) == pytest.approx(0.8)
    # ranks 1.5, 1.5, 3 and 1, 2, 3: covariance 1.5, variances 1.5 and 2
    assert spearman(vector([4, 4, 9]), vector([1, 2, 3])) == pytest.approx(1.5 / np.sqrt(1.5 * 2))
    assert spearman(vector([1, 2, 3]), vector([7, 7, 7])) is None


@given(st.data(), SCORES)
def test_only_the_order_counts(data, first):
    a, b = vector(first), vector(data.draw(st.permutations(first)))
    found = spearman(a, b)
    assert found == spearman(b, a)
    if len(set(first)) == 1:
        assert found is None
        return
    assert -1 <= found <= 1
    assert found == pytest.approx(spearman(np.exp(a), 3 * b - 100))
    assert found == pytest.approx(-spearman(a, -b))
    assert spearman(a, a) == pytest.approx(1)


def test_the_matrix_is_symmetric_in_the_given_order():
    scores = {"l2": vector([1, 2, 3]), "random": vector([3, 2, 1]), "flat": vector([1, 1, 1])}
    assert agreement(scores) == ((1.0, -1.0, None), (-1.0, 1.0, None), (None, None, None))
