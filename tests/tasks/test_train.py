import pytest
import torch
from torch import nn

from prunekit.tasks.bundled import Training
from prunekit.tasks.task import Data, Split
from prunekit.tasks.train import count_correct, mean_iou, train


def _signs(n, seed):
    """Points of the plane; the class is whether the first coordinate is positive."""
    points = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))
    return Split(points.view(n, 2, 1, 1), (points[:, 0] > 0).long())


def _fit(epochs):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    data = Data(_signs(100, 1), _signs(100, 2), lambda epoch: _signs(60, 3 + epoch), ("left", "right"))
    losses = list(train(model, data, Training(epochs=epochs, lr=0.1, batch=20)))
    return model, data, losses


def test_training_learns_and_yields_one_loss_for_each_epoch():
    model, data, losses = _fit(30)
    assert len(losses) == 30
    assert losses[-1] < losses[0] / 2
    assert count_correct(model, data.test) >= 90
    assert not model.training


def test_same_seed_same_weights():
    first, second = _fit(2)[0], _fit(2)[0]
    assert torch.equal(first[1].weight, second[1].weight)


def test_mean_iou_of_a_table_of_confusions():
    """Of three pixels of class 0 two are said, of one of class 1 it is: overlaps 2 of 3 and 1 of 2."""
    said = torch.tensor([[[[5.0, 5.0, 0.0, 0.0]], [[0.0, 0.0, 5.0, 5.0]]]])
    split = Split(said, torch.tensor([[[0, 0, 0, 1]]]))
    assert mean_iou(nn.Identity(), split, 2) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_count_correct_counts():
    identity = nn.Flatten()
    inputs = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 2.0]]).view(3, 2, 1, 1)
    assert count_correct(identity, Split(inputs, torch.tensor([1, 1, 1]))) == 2
