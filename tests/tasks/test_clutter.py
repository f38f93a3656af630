import numpy as np
import pytest
import torch

from prunekit.tasks.clutter import MEAN, SHIFT, SIZE, STD, Draw, _shifted, clutter, scenes
from prunekit.tasks.digits import raw_digits


def test_same_seed_same_scenes():
    images, _ = raw_digits("test")
    first, again, other = scenes(images[:50], 7), scenes(images[:50], 7), scenes(images[:50], 8)
    assert first.shape == (50, 3, SIZE, SIZE)
    assert first.dtype == np.float32
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.min() >= 0
    assert first.max() <= 1


@pytest.mark.slow
def test_every_epoch_draws_fresh_scenes_of_the_training_digits():
    data = clutter()
    first, second = data.train(1), data.train(2)
    assert first.inputs.shape == (3000, 3, SIZE, SIZE)
    assert first.targets.tolist() == raw_digits("train")[1].tolist()
    assert not torch.equal(first.inputs, second.inputs)
    assert torch.equal(first.inputs[:5], data.train(1).inputs[:5])


@pytest.mark.slow
def test_scenes_are_those_the_checkpoints_were_trained_on():
    data = clutter()
    assert data.validation.targets.tolist() == raw_digits("validation")[1].tolist()
    shown = data.validation.inputs * STD + MEAN
    torch.testing.assert_close(shown.mean((0, 2, 3)), torch.tensor([0.5050, 0.5054, 0.5023]), atol=1e-4, rtol=0)
    torch.testing.assert_close(shown[0, :, 16, 16], torch.tensor([0.3128, 0.4472, 0.8432]), atol=1e-4, rtol=0)


def test_a_shift_moves_ink_and_loses_none():
    masks = np.zeros((200, 28, 28), dtype=np.float32)
    masks[:, 14, 14] = 1
    frames = _shifted(masks, SHIFT, Draw(0, 200))
    _, rows, columns = np.nonzero(frames)
    # The middle pixel 14 of 28 lies at 16 of 32, and every shift up to 4 either way occurs.
    assert len(rows) == 200
    assert set(rows) == set(columns) == set(range(16 - SHIFT, 16 + SHIFT + 1))
