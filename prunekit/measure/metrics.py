"""Metrics: what a task calls good."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from prunekit.errors import TaskError, close_matches


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that is a mean over samples.

    Attributes:
        name: what a task and a reading call it.
        higher_is_better: which way is good.
        counts: whether each sample is right or wrong, so that the value is a proportion with an
            exact count and a Wilson interval.
        compute: ``(logits (n, classes), targets (n,)) → (n,)``, the value of each sample.
    """

    name: str
    higher_is_better: bool
    counts: bool
    compute: Callable[[Tensor, Tensor], Tensor]


def hits(logits: Tensor, targets: Tensor) -> Tensor:
    """Return 1.0 where the largest logit is the target's, else 0.0."""
    return (logits.argmax(1) == targets).float()


METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (Metric("accuracy", higher_is_better=True, counts=True, compute=hits),)
}
"""Every metric by name; a new one is a record here."""


def metric_named(name: str) -> Metric:
    """Find a metric.

    Raises:
        TaskError: nobody knows the name.
    """
    if name not in METRICS:
        raise TaskError(f"Unknown metric {name!r}; {close_matches(name, METRICS)}")
    return METRICS[name]
