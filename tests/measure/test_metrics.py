import pytest
import torch

from prunekit.errors import TaskError
from prunekit.measure.metrics import METRICS, metric_named


def test_accuracy_counts_the_largest_logit():
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    accuracy = metric_named("accuracy")
    assert accuracy.compute(logits, torch.tensor([0, 1, 1])).tolist() == [1.0, 1.0, 0.0]
    assert accuracy.counts
    assert accuracy.higher_is_better


def test_every_metric_goes_by_its_own_name():
    assert all(metric.name == name for name, metric in METRICS.items())


def test_an_unknown_metric_names_the_near_ones():
    with pytest.raises(TaskError, match="Unknown metric 'acuracy'; did you mean accuracy?"):
        metric_named("acuracy")
