"""What counts as good: metrics with their intervals, one file a kind."""

import re

from prunekit.errors import TaskError, close_matches
from prunekit.objectives.metric import IN_WORDS, Metric, Samples, Targets
from prunekit.objectives.own import own_metric
from prunekit.objectives.segmentation import MEAN_IOU
from prunekit.objectives.top_k import ACCURACY, AGREEMENT, TOP_5, top

__all__ = [
    "IN_WORDS",
    "METRICS",
    "Metric",
    "Samples",
    "Targets",
    "metric_named",
    "of_outputs",
    "own_metric",
    "usual",
]

METRICS: dict[str, Metric] = {metric.name: metric for metric in (ACCURACY, TOP_5, MEAN_IOU, AGREEMENT)}
"""Every metric by name; a new one is a record here, or registered from a person's own file. ``agreement`` is accuracy
with the dense network's answers as targets, for samples without labels. Another ``top-k`` is made when it is named."""


def metric_named(metric: str | Metric) -> Metric:
    """Find a metric.

    Raises:
        TaskError: nobody knows the name.
    """
    if isinstance(metric, Metric):
        return metric
    if metric in METRICS:
        return METRICS[metric]
    if match := re.fullmatch(r"top-([1-9]\d*)", metric):
        return top(int(match[1]), metric)
    raise TaskError(f"Unknown metric {metric!r}; {close_matches(metric, METRICS)}")


def of_outputs(name: str) -> Metric | None:
    """Find a metric that is computed from outputs and targets; ``None`` where it needs the network or has no record."""
    try:
        metric = metric_named(name)
    except TaskError:
        return None
    return metric if metric.whole is None else None


def usual(targets: Targets, *, labels: bool) -> Metric:
    """Return the metric that is meant where none is named.

    Args:
        targets: what the samples' targets are.
        labels: whether they are labels; else they are the dense network's answers.
    """
    fitting = [metric for metric in METRICS.values() if metric.targets == targets]
    return next((metric for metric in fitting if metric.of_dense != labels), fitting[0])
