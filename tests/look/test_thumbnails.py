import io

import numpy as np
import pytest
import torch
from PIL import Image

from prunekit.look.thumbnails import thumbnails
from prunekit.tasks.task import Split


def split(inputs):
    return Split(inputs, torch.zeros(len(inputs), dtype=torch.long))


def read(thumbnail):
    with Image.open(io.BytesIO(thumbnail.png)) as image:
        return image.mode, np.asarray(image)


def test_grey_pixels_span_the_whole_split_and_grow_into_squares():
    inputs = torch.tensor([[[[-1.0, 0.0]]], [[[1.0, 3.0]]]])  # -1 is black and 3 is white, wherever they are
    first, second = thumbnails(split(inputs), [1, 0])
    assert (first.index, second.index) == (1, 0)
    mode, pixels = read(second)
    assert mode == "L"
    assert pixels.shape == (48, 96)  # 1 × 2, each pixel a square of 48
    assert (pixels[:, :48] == 0).all()
    assert (pixels[:, 48:] == 64).all()  # 255 · 1/4
    assert set(read(first)[1].flat) == {128, 255}  # 255 · 2/4


def test_colours_are_scaled_channel_by_channel():
    image = torch.tensor([[[0.0, 1.0]], [[-5.0, 5.0]], [[2.0, 2.0]]])
    mode, pixels = read(*thumbnails(split(image[None]), [0]))
    assert mode == "RGB"
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[0, -1].tolist() == [255, 255, 0]  # the last channel says nothing


def test_large_pictures_shrink_with_their_shape():
    (found,) = thumbnails(split(torch.rand(1, 3, 200, 400)), [0])
    assert read(found)[1].shape == (48, 96, 3)


@pytest.mark.parametrize("shape", [(4, 10), (4, 2, 8, 8), (4, 3, 8)])
def test_what_is_no_picture_has_none(shape):
    assert thumbnails(split(torch.zeros(shape)), [0]) == ()
