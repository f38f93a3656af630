import pytest
import torch

from prunekit.errors import TaskError
from prunekit.objectives import METRICS, metric_named, of_outputs, own_metric, usual
from prunekit.tasks.task import Split


def test_accuracy_counts_the_largest_logit():
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    accuracy = metric_named("accuracy")
    assert accuracy.statistics(logits, torch.tensor([0, 1, 1])).tolist() == [[1.0], [1.0], [0.0]]
    assert accuracy.counts
    assert accuracy.higher_is_better


def test_top_k_counts_a_class_among_the_k_largest():
    logits = torch.tensor([[4.0, 3.0, 2.0, 1.0]]).repeat(4, 1)
    targets = torch.arange(4)
    assert metric_named("top-2").statistics(logits, targets)[:, 0].tolist() == [1, 1, 0, 0]
    assert metric_named("top-5").statistics(logits, targets).sum() == 4
    assert metric_named("top-2").counts


def _said(classes, places):
    """Logits whose largest entry at each place is the given class."""
    return torch.nn.functional.one_hot(torch.tensor(places), classes).movedim(-1, 1).double()


def test_mean_iou_by_hand():
    """Two pictures of four pixels, three classes of which the last never comes.

    Class 0: said at 2 + 1 pixels, meant at 2 + 3; both at 1 + 1. Class 1: said at 2 + 3, meant at 2 + 1; both 1 + 1.
    """
    said = _said(3, [[[0, 0], [1, 1]], [[0, 1], [1, 1]]])
    meant = torch.tensor([[[0, 1], [0, 1]], [[0, 0], [0, 1]]])
    rule = metric_named("mean IoU")
    found = rule.statistics(said, meant)
    assert found.tolist() == [[1, 1, 0, 3, 3, 0], [1, 1, 0, 3, 3, 0]]
    assert rule.value(found.mean(0)) == pytest.approx(2 / 6)
    by_class = rule.by_class(found, meant, 3)
    assert by_class[:2].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert by_class[2].isnan()
    # Two pictures with the same numbers: nothing says that a third would differ.
    assert rule.interval(found) == pytest.approx((1 / 3, 1 / 3))


def test_mean_iou_moves_with_its_averages_as_its_slope_says():
    rule = metric_named("mean IoU")
    mean = torch.tensor([3.0, 1.0, 0.0, 8.0, 5.0, 0.0], dtype=torch.float64)
    for place in (0, 1, 3, 4):
        step = torch.zeros(6, dtype=torch.float64)
        step[place] = 1e-6
        slope = (rule.value(mean + step) - rule.value(mean - step)) / 2e-6
        assert float(rule.slope(mean)[place]) == pytest.approx(slope, abs=1e-6)


def test_interval_of_mean_iou_is_as_wide_as_the_bootstraps():
    generator = torch.Generator().manual_seed(0)
    meant = torch.randint(3, (150, 6, 6), generator=generator)
    wrong = torch.rand(150, 1, 1, generator=generator) > torch.rand(150, 6, 6, generator=generator)
    said = _said(3, torch.where(wrong, 0, meant).tolist())
    rule = metric_named("mean IoU")
    found = rule.statistics(said, meant)
    drawn = [found[torch.randint(150, (150,), generator=generator)].mean(0) for _ in range(400)]
    spread = torch.tensor([rule.value(mean) for mean in drawn]).std()
    low, high = rule.interval(found)
    assert (high - low) / 2 / 1.96 == pytest.approx(float(spread), rel=0.15)


def test_a_metric_of_ones_own_is_a_fraction_of_network_and_samples():
    net, split = torch.nn.Linear(2, 2), Split(torch.zeros(3, 2), torch.zeros(3, dtype=torch.long))
    rule = own_metric("error", lambda model, data: len(data) / 10, higher_is_better=False)
    assert rule.whole(net, split) == 0.3
    assert not rule.higher_is_better
    for function, message in (
        (lambda model, data: 3.5, "must return a fraction from 0 to 1; it returned 3.5"),
        (lambda model, data: 1 / 0, "The metric error raised ZeroDivisionError"),
    ):
        with pytest.raises(TaskError, match=message):
            own_metric("error", function).whole(net, split)


def test_every_metric_goes_by_its_own_name():
    assert all(metric.name == name for name, metric in METRICS.items())


def test_an_unknown_metric_names_the_near_ones():
    with pytest.raises(TaskError, match="Unknown metric 'acuracy'; did you mean accuracy?"):
        metric_named("acuracy")


@pytest.mark.parametrize(
    ("targets", "labels", "name"),
    [
        ("class", True, "accuracy"),
        ("class", False, "agreement"),
        ("pixel", True, "mean IoU"),
        ("pixel", False, "mean IoU"),
    ],
)
def test_the_usual_metric_goes_by_what_the_targets_are(targets, labels, name):
    assert usual(targets, labels=labels).name == name


def test_guessing_reaches_k_of_all_classes():
    assert metric_named("accuracy").chance(4) == 0.25
    assert metric_named("top-3").chance(4) == 0.75
    assert metric_named("top-5").chance(4) == 1


def test_a_metric_that_takes_the_network_cannot_be_asked_of_outputs(monkeypatch):
    assert of_outputs("accuracy") is metric_named("accuracy")
    assert of_outputs("unheard of") is None
    monkeypatch.setitem(METRICS, "whole", own_metric("whole", lambda model, data: 0.5))
    assert of_outputs("whole") is None
