import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, SubsetRandomSampler, TensorDataset

from prunekit.errors import TaskError
from prunekit.tasks.datasets import read_samples

X = torch.arange(12.0).view(6, 2)
Y = torch.tensor([0, 1, 2, 0, 1, 2])


def _no_label(inputs):
    raise AssertionError("there are targets")


def _read(given):
    return read_samples(given, "validation", _no_label)


class Of(Dataset):
    """A dataset of whatever it is given."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        if isinstance(self.items[i], Exception):
            raise self.items[i]
        return self.items[i]


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield X[0], Y[0]


def test_a_loader_that_shuffles_and_drops_is_read_whole_and_in_order():
    split, source = _read(DataLoader(TensorDataset(X, Y), batch_size=4, shuffle=True, drop_last=True))
    assert torch.equal(split.inputs, X)
    assert torch.equal(split.targets, Y)
    assert source == "from a DataLoader in the order of its dataset, without shuffling"


def test_a_sampler_that_chooses_the_split_is_kept():
    loader = DataLoader(TensorDataset(X, Y), batch_size=2, sampler=SubsetRandomSampler([1, 4]))
    split, source = _read(loader)
    assert sorted(split.inputs[:, 0].tolist()) == [2.0, 8.0]
    assert source == "from a DataLoader in the order of its own sampler"


def test_numbers_stay_what_they_are():
    assert _read((X.byte(), Y))[0].inputs.dtype == torch.uint8
    assert _read((X.byte(), Y))[0].inputs.max() == 11
    assert _read((X.double(), Y.int()))[0].inputs.dtype == torch.float32
    assert _read((X, Y.int()))[0].targets.dtype == torch.int64
    assert _read((X, Y > 1))[0].targets.tolist() == [0, 0, 1, 0, 0, 1]


def test_read_only_and_reversed_arrays_are_read():
    array = X.numpy()[::-1]
    array.setflags(write=False)
    assert torch.equal(_read((array, Y))[0].inputs, X.flip(0))


def test_a_label_stands_in_where_there_are_no_targets():
    split, source = read_samples((X, None), "validation", lambda inputs: inputs[:, 0].long())
    assert split.targets.tolist() == [0, 2, 4, 6, 8, 10]
    assert source == "from arrays, without labels"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (X, "must be a pair of arrays .*, a Dataset or a DataLoader, not Tensor"),
        ({"image": X, "label": Y}, "not dictionaries of 'image' and 'label'"),
        ((X, Y, Y), "not of 3 values"),
        ([], "no validation samples"),
        ((X, ["cat"] * 6), "validation targets are texts"),
        (([[1.0], [1.0, 2.0]], [0, 1]), "validation inputs are no array of numbers"),
        ([(torch.zeros(2), 0), (torch.zeros(3), 1)], r"one shape; there are \(2,\) and \(3,\)"),
        (Of([{"image": X[0], "label": 0}]), "not dictionaries of 'image' and 'label'"),
        (Of([(object(), 0)]), "must be arrays or tensors of numbers, not object"),
        (Of([OSError("no such picture")]), "cannot be read: OSError: no such picture"),
        (Endless(), "does not say its length"),
        (DataLoader(Of([{"image": X[0], "label": 0}])), "batches of the validation DataLoader .* dictionaries"),
        (DataLoader(Of([((X[0], X[1]), 0)]), batch_size=1), "one input that is an array, not 2 in a list"),
        (Of([({"a": X[0]}, 0)]), "one input that is an array, not 1 in a dict"),
        (Of([(Image.new("L", (4, 4)), 0)]), "images of PIL; let the Dataset make tensors"),
        (DataLoader(Of([])), "no validation samples in the DataLoader"),
        (DataLoader(Of([(X[0], X[1], 0)])), "not of 3 values"),
    ],
)
def test_what_is_no_samples_is_one_sentence(given, message):
    with pytest.raises(TaskError, match=message) as raised:
        _read(given)
    assert "\n" not in str(raised.value)


def test_an_augmenting_dataset_draws_the_same_and_leaves_no_trace():
    class Noisy(Of):
        def __getitem__(self, i):
            x, y = self.items[i]
            return x + torch.randn(2) + np.random.rand(), y

    torch.manual_seed(5)
    np.random.seed(5)
    items = Noisy(list(zip(X, Y, strict=True)))
    assert torch.equal(_read(items)[0].inputs, _read(items)[0].inputs)
