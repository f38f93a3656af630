"""Metrics of a person's own: a decorator over a function of a network and samples."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from prunekit.errors import TaskError
from prunekit.objectives import METRICS
from prunekit.objectives.own import own_metric
from prunekit.registering import register

if TYPE_CHECKING:
    from torch import nn

    from prunekit.objectives.metric import Samples

    Function = Callable[[nn.Module, Samples], float]


def metric(*, name: str | None = None, higher_is_better: bool = True) -> "Callable[[Function], Function]":
    """Register a metric of one's own; what is decorated measures.

    The function takes a network and samples with ``inputs`` and ``targets``, and returns a fraction 0–1.

    Example::

        @prunekit.metric(higher_is_better=False)
        def error(model, data):
            return float((model(data.inputs).argmax(1) != data.targets).float().mean())

    Args:
        name: what project files, readings and the command line call it; ``None`` is the function's name.
        higher_is_better: which way is good.

    Returns:
        A decorator that returns the function as it is.

    Raises:
        TaskError: a name that means something else already.
    """

    def decorate(function: "Function") -> "Function":
        known_as = name or function.__name__
        if ":" in known_as or re.fullmatch(r"top-\d+", known_as):
            raise TaskError(f"{known_as!r} reads as a function's path or as a top-k metric; name the metric otherwise.")
        register("metric", METRICS, own_metric(known_as, function, higher_is_better))
        return function

    return decorate
