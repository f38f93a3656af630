import torch

from prunekit.criteria.l1 import l1
from prunekit.criteria.l2 import l2
from prunekit.criteria.score import ScoreInput

WEIGHT = torch.tensor([[3.0, -4.0], [1.0, 0.0], [0.0, -6.0]])


def test_l1_sums_absolute_weights():
    # rows 7, 1, 6: mean 14 / 3
    expected = torch.tensor([7.0, 1.0, 6.0]) * 3 / 14
    torch.testing.assert_close(l1(ScoreInput(3, (WEIGHT,))), expected)


def test_l2_is_the_euclidean_norm():
    # rows 5, 1, 6: mean 4
    torch.testing.assert_close(l2(ScoreInput(3, (WEIGHT,))), torch.tensor([1.25, 0.25, 1.5]))


def test_two_tensors_add_up():
    # first tensor as above; second has norms 2, 2, 8: mean 4
    second = torch.tensor([[2.0], [-2.0], [8.0]])
    torch.testing.assert_close(l2(ScoreInput(3, (WEIGHT, second))), torch.tensor([1.75, 0.75, 3.5]))
