from pathlib import Path

import pytest

from prunekit.errors import TaskError
from prunekit.tasks.opening import open_task
from prunekit.tasks.train import count_correct

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_model"


def test_bundled_name_opens():
    assert open_task("resnet8").name == "resnet8"


@pytest.mark.parametrize("path", [EXAMPLE, EXAMPLE / "prunekit.toml"])
def test_example_opens_by_folder_or_file(path):
    task = open_task(str(path))
    assert task.name == "small-net"
    assert task.data.classes[:2] == ("zero", "one")
    assert task.example.shape == (2, 1, 14, 14)
    # Measured when the example was made; chance is 40 of 400.
    assert count_correct(task.model, task.data.validation) >= 385
    assert count_correct(task.model, task.data.test) >= 375
    assert len(task.data.train(0)) == 1200


def test_example_is_small():
    assert (EXAMPLE / "small_net.pt").stat().st_size <= 100_000
    assert (EXAMPLE / "digits.npz").stat().st_size <= 300_000


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet9", r"Unknown task 'resnet9'; did you mean .*resnet8"),
        ("", "Unknown task ''; known: article"),
        ("no/such/prunekit.toml", "no/such/prunekit.toml cannot be read: No such file"),
    ],
)
def test_unknown_task(name, message):
    with pytest.raises(TaskError, match=message):
        open_task(name)
