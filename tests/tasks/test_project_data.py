import importlib.util

import numpy as np
import pytest
import torch

from prunekit.errors import TaskError
from prunekit.tasks.project_data import project_data
from prunekit.tasks.samples import Preparation

SHAPE = (1, 2, 2)


def _samples(n, value=0.5):
    return np.full((n, *SHAPE), value, np.float32), np.arange(n) % 2


def _rows(inputs):
    return {round(float(value)) for value in inputs[:, 0, 0, 0]}


def test_one_pair_of_arrays_is_split_60_20_20_for_every_class(tmp_path):
    inputs = np.zeros((50, *SHAPE), np.float32)
    inputs[:, 0, 0, 0] = np.arange(50)
    np.savez(tmp_path / "data.npz", X=inputs, y=np.arange(50) % 5)
    data = project_data("data.npz", tmp_path, SHAPE, None)
    train = data.train(3)
    assert [len(train), len(data.validation), len(data.test)] == [30, 10, 10]
    assert torch.bincount(data.test.targets).tolist() == [2] * 5
    assert torch.bincount(train.targets).tolist() == [6] * 5
    assert _rows(train.inputs) | _rows(data.validation.inputs) | _rows(data.test.inputs) == set(range(50))
    assert torch.equal(train.targets, train.inputs[:, 0, 0, 0].long() % 5)


def test_named_arrays_and_bytes(tmp_path):
    x, y = _samples(4)
    np.savez(tmp_path / "data.npz", x_val=np.full((4, *SHAPE), 51, np.uint8), y_val=y, x_test=x.astype(float), y_test=y)
    data = project_data("data.npz", tmp_path, SHAPE, ["no", "yes"])
    assert data.train is None
    assert data.classes == ("no", "yes")
    torch.testing.assert_close(data.validation.inputs, torch.full((4, *SHAPE), 0.2))
    assert data.test.inputs.dtype == torch.float32
    assert data.test.targets.dtype == torch.int64


def test_validation_alone_is_enough(tmp_path):
    x, y = _samples(4)
    np.savez(tmp_path / "data.npz", x_val=x, y_val=y)
    data = project_data("data.npz", tmp_path, None, None)
    assert (data.train, data.test, data.classes) == (None, None, ("0", "1"))


def test_samples_without_labels_are_labelled(tmp_path):
    np.savez(tmp_path / "data.npz", X=np.arange(10, dtype=np.float32)[:, None])
    data = project_data("data.npz", tmp_path, (1,), None, label=lambda inputs: (inputs[:, 0] > 4).long())
    assert len(data.train(0)) == 6
    assert all(torch.equal(s.targets, (s.inputs[:, 0] > 4).long()) for s in (data.validation, data.test, data.train(0)))


def test_inputs_are_prepared(tmp_path):
    np.savez(tmp_path / "data.npz", x_val=np.full((2, 2, 1, 1), 255, np.uint8), y_val=np.array([0, 1]))
    prepared = project_data("data.npz", tmp_path, None, None, prepare=Preparation((0.5, 0.25), (0.5, 0.25)))
    assert prepared.validation.inputs[0, :, 0, 0].tolist() == [1.0, 3.0]
    own = project_data("data.npz", tmp_path, (1, 1), None, prepare=Preparation(function=lambda x: x[:, 0] - 3))
    assert own.validation.inputs.unique().tolist() == [-2.0]


def test_a_class_for_every_pixel(tmp_path):
    x, y = np.zeros((10, 1, 2, 3), np.float32), np.ones((10, 2, 3), np.uint8)
    np.savez(tmp_path / "data.npz", X=x, y=y)
    assert project_data("data.npz", tmp_path, None, None).validation.targets.shape == (2, 2, 3)


def test_sklearn_digits_say_what_is_missing_or_open(tmp_path):
    if importlib.util.find_spec("sklearn") is None:
        with pytest.raises(TaskError, match="pip install scikit-learn"):
            project_data("sklearn:digits", tmp_path, None, None)
    else:
        assert project_data("sklearn:digits", tmp_path, None, None).validation.inputs.shape[1:] == (1, 8, 8)


def test_function_returns_pairs_or_data(tmp_path):
    (tmp_path / "samples.py").write_text(
        "import torch\n"
        "from prunekit.tasks.task import Data, Split\n"
        "pair = (torch.ones(2, 1, 2, 2), torch.tensor([0, 1]))\n"
        "def pairs():\n    return {'train': pair, 'validation': pair, 'test': pair}\n"
        "def data():\n    return Data(Split(*pair), Split(*pair), None, ('a', 'b', 'c'))\n"
        "def half():\n    return {'validation': pair}\n"
        "def none():\n    return {'test': pair}\n"
        "def words():\n    return {'validation': ('a', 'b'), 'test': pair}\n"
        "def raises():\n    raise OSError('disk full')\n"
        "def exits():\n    raise SystemExit(4)\n"
        "def triple():\n    return {'validation': (*pair, pair)}\n"
        "def named():\n    return {'validation': ({'image': pair[0]}, pair[1])}\n"
        "def graded():\n    return Data(Split(pair[0].clone().requires_grad_(), pair[1]), None, None, ())\n"
        "def arrays():\n    return Data(Split(pair[0].numpy(), pair[1].numpy()), None, None, ())\n"
        "def undrawn():\n    return Data(Split(*pair), None, Split(*pair), ())\n"
    )
    pairs = project_data("samples.py:pairs", tmp_path, SHAPE, None)
    assert pairs.classes == ("0", "1")
    assert torch.equal(pairs.train(5).inputs, torch.ones(2, *SHAPE))
    assert project_data("samples.py:half", tmp_path, SHAPE, None).test is None
    assert project_data("samples.py:data", tmp_path, SHAPE, None).classes == ("a", "b", "c")
    assert project_data("samples.py:data", tmp_path, SHAPE, ["no", "yes"]).classes == ("no", "yes")
    for name, message in (
        ("none", "must return Data, or .*; it returned a dictionary of 'test'"),
        ("words", "must be pairs of inputs and targets as arrays"),
        ("raises", "samples.py:raises raised OSError: disk full"),
        ("exits", "samples.py:exits raised SystemExit: 4"),
        ("triple", "must be a pair of inputs and targets, .*; one is 3 values"),
        ("named", "must be one array, not a dictionary of image"),
        ("graded", "validation samples require gradients; give them with .detach"),
        ("arrays", "samples and targets of Data must be tensors"),
        ("undrawn", "cannot be drawn: train.0. raised TypeError"),
    ):
        with pytest.raises(TaskError, match=message):
            project_data(f"samples.py:{name}", tmp_path, SHAPE, None)


X, Y = _samples(10)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X, "y": Y[:9]}, "must hold X and y of one length"),
        ({"x_train": X, "y_train": Y, "x_test": X, "y_test": Y}, "it holds x_train, y_train, x_test, y_test"),
        ({"X": X}, "The samples have no targets"),
        ({"X": X, "y": Y - 1}, "must count from 0; there is a -1"),
        ({"X": X, "y": Y * 0.5}, "must be whole numbers, one for each of"),
        ({"x_val": X, "y_val": Y[:9], "x_test": X, "y_test": Y}, "one for each of 10 samples"),
        (
            {"x_val": X[:0], "y_val": Y[:0], "x_test": X, "y_test": Y},
            "There are no validation samples; give at least one",
        ),
        ({"x_val": X, "y_val": Y, "x_test": X[:0], "y_test": Y[:0]}, "no test samples; give at least one, or none"),
        ({"X": X[:4], "y": np.array([0, 0, 1, 2])}, "Of 4 in all no sample is left for validation"),
        ({"X": X[:0], "y": Y[:0]}, "no samples to divide"),
        ({"X": X[0, 0, 0, 0], "y": Y[0]}, "array X of data.npz is a single number"),
        ({"X": X, "y": Y[:, None]}, r"\(2,\) or \(2, 2, 2\); .* take off the axis of length 1"),
        ({"X": X, "y": np.eye(2)[Y]}, r"one-hot, of which y.argmax\(1\) makes whole numbers"),
        ({"X": X, "y": Y.astype(np.float32)}, r"convert them, as with y.astype\('int64'\)"),
        ({"X": X, "y": np.linspace(0, 1, 10)}, r"shape \(2,\); networks that answer with numbers .* not supported\.$"),
        ({"X": X, "y": np.linspace(0, 1, 10)[:, None]}, r"shape \(2, 1\); networks that answer with numbers"),
        ({"X": X, "y": np.array(["a", "b"] * 5)}, "targets are texts; give the number of each one's class"),
        ({"x_val": np.concatenate([X[:9], X[:1] * np.nan]), "y_val": Y}, "Of the 10 validation samples 1 hold NaN"),
        ({"x_val": np.full_like(X, np.inf), "y_val": Y}, "Of the 10 validation samples 10 hold NaN or infinity"),
        ({"x_val": X, "y_val": Y, "x_test": X[:, 0], "y_test": Y}, r"test samples have shape \(2, 2\)"),
        ({"X": np.array(["a"] * 10), "y": Y}, "must be pairs of inputs and targets as arrays"),
        ({"X": np.array([None] * 10), "y": Y}, "holds 'X', which is no array of plain numbers"),
    ],
)
def test_arrays_that_do_not_fit(arrays, message, tmp_path):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(TaskError, match=message):
        project_data("data.npz", tmp_path, SHAPE, None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no .npz file of plain arrays"),
        (b"PK\3\4 truncated", "no zip directory"),
        (b"some text", "no .npz file of plain arrays"),
    ],
)
def test_files_that_are_no_npz(content, message, tmp_path):
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(TaskError, match=message):
        project_data("data.npz", tmp_path, SHAPE, None)


def test_few_samples_go_without_a_test_split(tmp_path):
    np.savez(tmp_path / "data.npz", X=X[:4], y=np.zeros(4, int))
    data = project_data("data.npz", tmp_path, None, None)
    assert (len(data.train(0)), len(data.validation), data.test) == (3, 1, None)


def test_half_precision_is_read_as_single_and_gradients_are_left_behind(tmp_path):
    np.savez(tmp_path / "data.npz", x_val=X.astype(np.float16), y_val=Y)
    weight = torch.ones(1, requires_grad=True)
    prepared = project_data("data.npz", tmp_path, None, None, prepare=Preparation(function=lambda x: x * weight))
    assert prepared.validation.inputs.dtype == torch.float32
    assert not prepared.validation.inputs.requires_grad


def _exits(inputs):
    raise SystemExit(5)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: {"x": x}, "preprocess must return one tensor; it returned dict"),
        (lambda x: x[:5], r"as many samples as it is given; given \(10, 1, 2, 2\) it returned \(5, 1, 2, 2\)"),
        (lambda x: x.nothing, "preprocess raised AttributeError"),
        (_exits, "preprocess raised SystemExit: 5"),
    ],
)
def test_preparing_that_goes_wrong(function, message, tmp_path):
    np.savez(tmp_path / "data.npz", x_val=X, y_val=Y)
    with pytest.raises(TaskError, match=message):
        project_data("data.npz", tmp_path, None, None, prepare=Preparation(function=function))
