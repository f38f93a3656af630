import pytest
import torch

from prunekit.errors import TaskError
from prunekit.objectives import METRICS, metric_named
from prunekit.objectives.registering import metric
from prunekit.tasks.task import Split
from tests.own_code import forget

SPLIT = Split(torch.zeros(4, 2), torch.zeros(4, dtype=torch.long))


@pytest.fixture(autouse=True)
def forgotten():
    yield
    forget()


def test_a_registered_metric_is_found_by_its_name():
    def mine(model, data):
        return len(data) / 10

    assert metric(name="tenths", higher_is_better=False)(mine) is mine
    found = metric_named("tenths")
    assert found.whole(torch.nn.Identity(), SPLIT) == 0.4
    assert not found.higher_is_better
    assert found.targets is None  # it may take any


@pytest.mark.parametrize("name", ["accuracy", "top-5", "top-7", "mine.py:wrong"])
def test_a_name_that_means_something_already_is_refused(name):
    with pytest.raises(TaskError, match=name):
        metric(name=name)(lambda model, data: 0.5)
    assert all(record.origin is None for record in METRICS.values())
