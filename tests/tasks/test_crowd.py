import numpy as np
import torch

from prunekit.tasks.crowd import MEAN, NAMES, SIZE, STD, crowd, pictures


def test_targets_are_where_the_digits_are():
    """Digits of full ink: what is bright belongs to a digit, and each picture shows its own digit in front."""
    images = np.full((20, 28, 28), 255, np.uint8)
    labels = np.arange(20, dtype=np.uint8) % 10
    grey, target = pictures(images, labels, seed=0)
    assert grey.shape == target.shape == (20, SIZE, SIZE)
    assert ((grey > 0.6) == (target > 0)).all()
    assert all((target[i] == labels[i] + 1).sum() >= 14 * 14 for i in range(20))


def test_without_ink_there_is_background_only():
    _, target = pictures(np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8), seed=0)
    assert not target.any()


def test_same_seed_same_pictures_and_every_epoch_others():
    data = crowd()
    assert torch.equal(data.train(1).inputs, data.train(1).inputs)
    assert not torch.equal(data.train(1).inputs, data.train(2).inputs)


def test_shapes_and_scale():
    data = crowd()
    assert data.validation.inputs.shape == (1000, 1, 24, 24)
    assert data.validation.targets.shape == (1000, 24, 24)
    assert data.classes == NAMES
    assert int(data.validation.targets.max()) == 10
    inputs = data.train(1).inputs
    assert abs(float(inputs.mean())) < 0.5
    assert 0.5 < float(inputs.std()) < 1.5
    assert float(inputs.min() * STD + MEAN) >= 0
