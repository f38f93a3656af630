"""A user's own metric: a function of a network and all samples, without a value for a single sample."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from prunekit.errors import RAISED, TaskError, said
from prunekit.objectives.metric import Metric, Samples
from prunekit.registering import origin_of

if TYPE_CHECKING:
    from torch import nn


def own_metric(name: str, function: "Callable[[nn.Module, Samples], float]", higher_is_better: bool = True) -> Metric:
    """Make a metric of a function.

    Args:
        name: what readings call it.
        function: ``(network, samples) → value``, a fraction 0–1.
        higher_is_better: which way is good.
    """

    def whole(model: "nn.Module", samples: Samples) -> float:
        try:
            value = float(function(model, samples))
        except RAISED as error:
            raise TaskError(f"The metric {name} raised {said(error)}.") from error
        if not 0 <= value <= 1:
            raise TaskError(f"The metric {name} must return a fraction from 0 to 1; it returned {value:g}.")
        return value

    return Metric(
        name=name,
        higher_is_better=higher_is_better,
        counts=False,
        statistics=lambda outputs, targets: outputs.new_zeros(len(outputs), 0).double(),
        value=lambda mean: math.nan,
        slope=lambda mean: mean.new_zeros(mean.shape),
        by_class=lambda statistics, targets, classes: statistics.new_zeros(0),
        whole=whole,
        origin=origin_of(function),
    )
