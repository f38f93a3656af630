import numpy as np
import pytest
import torch
from PIL import Image

from prunekit.errors import TaskError
from prunekit.tasks.image_folder import read_image_folder
from prunekit.tasks.project_data import project_data


def _write(folder, count, value, size=(4, 4), mode="L"):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.new(mode, size, value).save(folder / f"{i:03}.png")


def test_class_folders_are_divided_and_take_turns(tmp_path):
    _write(tmp_path / "dark", 20, 10)
    _write(tmp_path / "light", 10, 200)
    data = project_data("", tmp_path, (1, 4, 4), None)
    assert data.classes == ("dark", "light")
    assert [len(s) for s in (data.train(0), data.validation, data.test)] == [18, 6, 6]
    assert data.validation.targets.tolist() == [0, 1, 0, 1, 0, 0]
    assert torch.equal(data.validation.inputs[:, 0, 0, 0] > 0.5, data.validation.targets == 1)


def test_split_folders_and_what_is_missing(tmp_path):
    for split, count in (("train", 10), ("test", 3)):
        _write(tmp_path / split / "a", count, 0)
        _write(tmp_path / split / "b", count, 255)
    found = read_image_folder(tmp_path, (1, 2, 2))
    assert {name: len(pair[0]) for name, pair in found.pairs.items()} == {"train": 12, "validation": 4, "test": 6}
    _write(tmp_path / "val" / "b", 2, 255)
    found = read_image_folder(tmp_path, (1, 2, 2))
    assert found.pairs["validation"][1].tolist() == [1, 1]
    assert len(found.pairs["train"][0]) == 20


def test_images_are_scaled_to_cover_and_cropped_at_the_middle(tmp_path):
    """Of a wide image, black to the left and white to the right, the middle stays: half and half."""
    pixels = np.zeros((8, 32, 3), np.uint8)
    pixels[:, 16:] = (255, 0, 0)
    (tmp_path / "val").mkdir()
    Image.fromarray(pixels).save(tmp_path / "val" / "wide.png")
    found = read_image_folder(tmp_path, (3, 4, 4))
    image, targets = found.pairs["validation"]
    assert targets is None
    assert image.shape == (1, 3, 4, 4)
    assert (image[0, 0, 0] > 127).tolist() == [False, False, True, True]
    assert not image[0, 1:].any()


def test_a_limit_spreads_evenly_over_the_classes(tmp_path):
    for name, count in (("a", 9), ("b", 9), ("c", 2)):
        _write(tmp_path / "val" / name, count, 0)
    targets = read_image_folder(tmp_path, (1, 2, 2), limit=6).pairs["validation"][1]
    assert np.bincount(targets).tolist() == [2, 2, 2]


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n truncated"])
def test_a_damaged_image_is_named(tmp_path, content):
    (tmp_path / "val" / "a").mkdir(parents=True)
    (tmp_path / "val" / "a" / "broken.png").write_bytes(content)
    with pytest.raises(TaskError, match="broken.png cannot be read"):
        read_image_folder(tmp_path, (1, 2, 2))


def test_one_sentence_for_a_folder_without_images_or_a_shape(tmp_path):
    with pytest.raises(TaskError, match="holds no images"):
        read_image_folder(tmp_path, (1, 2, 2))
    with pytest.raises(TaskError, match="need an input shape such as"):
        read_image_folder(tmp_path, ())
