import os
import pickle

import numpy as np
import pytest

from prunekit.errors import TaskError
from prunekit.tasks.cifar import is_cifar, read_cifar
from prunekit.tasks.project_data import project_data


def _batch(count, start, labels=b"labels"):
    """Images whose every byte is their number; classes take turns of two."""
    data = np.repeat(np.arange(start, start + count, dtype=np.uint8)[:, None], 3072, axis=1)
    return {b"data": data, labels: [i % 2 for i in range(count)], b"batch_label": b"a batch"}


@pytest.fixture
def cifar10(tmp_path):
    for number in range(1, 6):
        (tmp_path / f"data_batch_{number}").write_bytes(pickle.dumps(_batch(8, 8 * number), protocol=2))
    (tmp_path / "test_batch").write_bytes(pickle.dumps(_batch(6, 100), protocol=2))
    (tmp_path / "batches.meta").write_bytes(pickle.dumps({b"label_names": [b"cat", b"dog"]}, protocol=2))
    return tmp_path


def test_cifar_10_batches_open_without_code(cifar10):
    assert is_cifar(cifar10)
    data = project_data("", cifar10, (3, 32, 32), None)
    assert data.classes == ("cat", "dog")
    # A tenth of the 20 train images of each class is for validation.
    assert [len(s) for s in (data.train(0), data.validation, data.test)] == [36, 4, 6]
    seen = {round(float(value) * 255) for s in (data.train(0), data.validation) for value in s.inputs[:, 0, 0, 0]}
    assert seen == set(range(8, 48))


def test_cifar_100_has_fine_labels(tmp_path):
    for name, count in (("train", 40), ("test", 4)):
        (tmp_path / name).write_bytes(pickle.dumps(_batch(count, 0, b"fine_labels"), protocol=2))
    (tmp_path / "meta").write_bytes(pickle.dumps({b"fine_label_names": [b"a", b"b"]}, protocol=2))
    found = read_cifar(tmp_path, limit=10)
    assert {name: len(pair[0]) for name, pair in found.pairs.items()} == {"train": 10, "validation": 4, "test": 4}
    assert found.classes == ("a", "b")


class _Runs:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(cifar10, tmp_path):
    trap = tmp_path / "made"
    (cifar10 / "data_batch_3").write_bytes(pickle.dumps({b"data": _Runs(trap)}, protocol=2))
    with pytest.raises(TaskError, match=f"asks for more than arrays \\({os.mkdir.__module__}.mkdir\\)"):
        read_cifar(cifar10)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is truncated or damaged"),
        (b"text", "is truncated or damaged"),
        (pickle.dumps([1]), "is none of CIFAR's"),
        (pickle.dumps({b"data": [1]}), "do not hold CIFAR's images"),
    ],
)
def test_files_that_are_none_of_cifars(cifar10, content, message):
    (cifar10 / "test_batch").write_bytes(content)
    with pytest.raises(TaskError, match=message):
        read_cifar(cifar10)
