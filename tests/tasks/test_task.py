import pytest
import torch

from prunekit.errors import TaskError
from prunekit.tasks.task import Split


def test_the_head_of_a_split_is_its_first_samples():
    split = Split(torch.arange(6).view(3, 2), torch.arange(3))
    assert split.head(2).targets.tolist() == [0, 1]
    assert split.head(9) is split.head(None) is split


@pytest.mark.parametrize("n", [0, -1])
def test_samples_are_counted_from_1(n):
    with pytest.raises(TaskError, match=f"from 1 on, not {n};"):
        Split(torch.zeros(3, 2), torch.zeros(3)).head(n)
