"""Metrics: what a task calls good, as a fraction 0–1."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from prunekit.errors import RAISED, TaskError, close_matches, said
from prunekit.objectives.intervals import delta, wilson


class Samples(Protocol):
    """What a metric may read of samples: ``inputs (n, …)`` and ``targets (n, *places)``."""

    @property
    def inputs(self) -> Tensor:
        """As the network takes them."""

    @property
    def targets(self) -> Tensor:
        """Class indices."""


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A person's own metric.

    Attributes:
        name: what readings call it.
        function: ``(network, samples) → value``, a fraction 0–1.
        higher_is_better: which way is good.
    """

    name: str
    function: Callable[[nn.Module, Samples], float]
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure made of one or more numbers that each sample has, averaged over the samples.

    Attributes:
        name: what a task and a reading call it.
        higher_is_better: which way is good.
        counts: whether each sample is right or wrong, so that the value is a proportion with an
            exact count and a Wilson interval. Else the interval is the delta method's, over samples.
        statistics: ``(outputs (n, classes, *places), targets (n, *places)) → (n, k)``, the numbers of each sample.
        value: ``(k,)`` averages of the numbers → the figure.
        slope: ``(k,)`` averages → ``(k,)``, how much the figure moves with each of them.
        by_class: ``((n, k), targets, classes)`` → the figure of each class; not a number where there is nothing of it.
        whole: ``(network, samples) → value`` of a metric that is only known for a network and all samples.
    """

    name: str
    higher_is_better: bool
    counts: bool
    statistics: Callable[[Tensor, Tensor], Tensor]
    value: Callable[[Tensor], float]
    slope: Callable[[Tensor], Tensor]
    by_class: Callable[[Tensor, Tensor, int], Tensor]
    whole: Callable[[nn.Module, Samples], float] | None = None

    def interval(self, statistics: Tensor) -> tuple[float, float]:
        """Return the 95 % interval of the figure from the numbers ``(n, k)`` of its samples."""
        n = len(statistics)
        if self.counts:
            return wilson(int(statistics.sum()), n)
        mean = statistics.mean(0)
        return delta(self.value(mean), (statistics @ self.slope(mean)).tolist())


def top(k: int, name: str) -> Metric:
    """Count the samples whose class is among the ``k`` largest outputs."""

    def hits(outputs: Tensor, targets: Tensor) -> Tensor:
        if k == 1:
            return (outputs.argmax(1) == targets).double().unsqueeze(1)
        best = outputs.topk(min(k, outputs.shape[1]), dim=1).indices
        return (best == targets.unsqueeze(1)).any(1).double().unsqueeze(1)

    def by_class(found: Tensor, targets: Tensor, classes: int) -> Tensor:
        sums = torch.zeros(classes, dtype=torch.float64).index_add_(0, targets, found[:, 0])
        return sums / torch.bincount(targets, minlength=classes)

    return Metric(name, True, True, hits, lambda mean: float(mean[0]), torch.ones_like, by_class)


def overlaps(outputs: Tensor, targets: Tensor) -> Tensor:
    """Count, for each sample and class, places that are of the class in both, and in either.

    Args:
        outputs: ``(n, classes, *places)``.
        targets: ``(n, *places)``.

    Returns:
        ``(n, 2 · classes)``: the intersections, then the unions.
    """
    n, classes = outputs.shape[:2]
    said, meant = outputs.argmax(1).reshape(n, -1), targets.reshape(n, -1)
    row = classes * torch.arange(n).unsqueeze(1)

    def counted(places: Tensor) -> Tensor:
        return torch.bincount(places.flatten(), minlength=n * classes).view(n, classes)

    both = counted((row + meant)[said == meant])
    return torch.cat([both, counted(row + said) + counted(row + meant) - both], 1).double()


def mean_iou() -> Metric:
    """Average over classes the intersection over the union of all samples' places.

    Source: Everingham et al., The Pascal Visual Object Classes Challenge: A Retrospective, 2015.
    """

    def ratios(found: Tensor) -> Tensor:
        both, either = found.chunk(2)
        return both / either  # not a number where nothing is or was said to be of a class

    def slope(mean: Tensor) -> Tensor:
        _, either = mean.chunk(2)
        ratio, there = ratios(mean), either > 0
        weight = torch.where(there, 1 / either, 0) / there.sum()
        return torch.cat([weight, -weight * ratio.nan_to_num()])

    return Metric(
        name="mean IoU",
        higher_is_better=True,
        counts=False,
        statistics=overlaps,
        value=lambda mean: float(ratios(mean).nanmean()),
        slope=slope,
        by_class=lambda found, targets, classes: ratios(found.mean(0)),
    )


METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (top(1, "accuracy"), top(5, "top-5"), mean_iou(), top(1, "agreement"))
}
"""Every metric by name; a new one is a record here. ``agreement`` is accuracy with the dense network's answers as
targets, for samples without labels. Any other ``top-k`` is made when it is named."""


def metric_named(metric: str | Metric) -> Metric:
    """Find a metric.

    Raises:
        TaskError: nobody knows the name.
    """
    if isinstance(metric, Metric):
        return metric
    if metric in METRICS:
        return METRICS[metric]
    if found := re.fullmatch(r"top-([1-9]\d*)", metric):
        return top(int(found[1]), metric)
    raise TaskError(f"Unknown metric {metric!r}; {close_matches(metric, METRICS)}")


def own_metric(own: OwnMetric) -> Metric:
    """Make a metric of a person's own function, of which single samples know nothing."""

    def whole(model: nn.Module, split: Samples) -> float:
        try:
            value = float(own.function(model, split))
        except RAISED as error:
            raise TaskError(f"The metric {own.name} raised {said(error)}.") from error
        if not 0 <= value <= 1:
            raise TaskError(f"The metric {own.name} must return a fraction from 0 to 1; it returned {value:g}.")
        return value

    return Metric(
        name=own.name,
        higher_is_better=own.higher_is_better,
        counts=False,
        statistics=lambda outputs, targets: torch.zeros(len(outputs), 0, dtype=torch.float64),
        value=lambda mean: math.nan,
        slope=torch.zeros_like,
        by_class=lambda found, targets, classes: torch.zeros(0),
        whole=whole,
    )
