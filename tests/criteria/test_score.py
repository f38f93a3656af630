import pytest
import torch

from prunekit.criteria.score import NotScorableError, balanced


def test_each_tensor_weighs_the_same_whatever_its_scale():
    # [1, 3] / 2 = [.5, 1.5]; [10, 30] / 20 = [.5, 1.5]
    assert balanced([torch.tensor([1.0, 3.0]), torch.tensor([10.0, 30.0])]).tolist() == [1.0, 3.0]


def test_a_tensor_of_zeros_adds_nothing():
    assert balanced([torch.zeros(2), torch.tensor([1.0, 3.0])]).tolist() == [0.5, 1.5]


def test_no_tensor_cannot_be_scored():
    with pytest.raises(NotScorableError):
        balanced([])
