import numpy as np
import torch

from prunekit.tasks.digits import MEAN, STD, colour_digits, digits, raw_digits

SPLITS = {"train": 3000, "validation": 1000, "test": 1000}


def _rows(images):
    return {image.tobytes() for image in images}


def test_splits_are_stratified():
    for name, n in SPLITS.items():
        _, labels = raw_digits(name)
        assert np.bincount(labels).tolist() == [n // 10] * 10


def test_splits_share_no_image_and_cover_the_stored_ones():
    rows = {name: _rows(raw_digits(name)[0]) for name in SPLITS}
    # 5,000 different images: no image is stored twice, so disjoint splits have 5,000 different rows together.
    assert len(rows["train"] | rows["validation"] | rows["test"]) == 5000


def test_every_head_is_stratified():
    _, labels = raw_digits("validation")
    assert labels[:20].tolist() == [*range(10), *range(10)]


def test_the_split_is_the_one_the_checkpoints_were_trained_on():
    # Weighted by position, so that another order gives another sum.
    ink = {name: raw_digits(name)[0].sum((1, 2), dtype=np.int64) for name in SPLITS}
    sums = {name: int(values @ np.arange(1, len(values) + 1)) for name, values in ink.items()}
    assert sums == {"train": 119_533_621_853, "validation": 13_108_828_984, "test": 12_893_969_308}


def test_inputs_are_normalised_images():
    data, (images, labels) = digits(), raw_digits("validation")
    assert data.validation.inputs.dtype == torch.float32
    assert data.validation.inputs.shape == (1000, 1, 28, 28)
    expected = (torch.tensor(images[7, 14]) / 255 - MEAN) / STD
    torch.testing.assert_close(data.validation.inputs[7, 0, 14], expected)
    assert data.validation.targets.tolist() == labels.tolist()


def test_epoch_0_is_plain_and_later_epochs_are_drawn_by_their_number():
    train = digits().train
    plain, first, again, second = train(0), train(1), train(1), train(2)
    assert abs(plain.inputs.mean()) < 0.01
    assert torch.equal(first.inputs, again.inputs)
    assert not torch.equal(first.inputs, second.inputs)
    assert torch.equal(first.targets, plain.targets)
    # Shifts, turns and scales keep an image's ink, up to interpolation and the border.
    ratio = (first.inputs - plain.inputs.min()).sum() / (plain.inputs - plain.inputs.min()).sum()
    assert 0.95 < ratio < 1.05


def test_drawing_an_epoch_leaves_the_global_random_state_alone():
    state = torch.get_rng_state()
    digits().train(3)
    assert torch.equal(torch.get_rng_state(), state)


def test_colour_digits_repeat_grey():
    colour, grey = colour_digits(), digits()
    assert colour.test.inputs.shape == (1000, 3, 28, 28)
    for channel in range(3):
        assert torch.equal(colour.test.inputs[:, channel], grey.test.inputs[:, 0])
    assert torch.equal(colour.train(1).inputs[:, 2], grey.train(1).inputs[:, 0])
