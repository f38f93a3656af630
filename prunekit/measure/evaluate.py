"""Evaluation: a task's metric on a split, early on a few samples, then exactly."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.errors import TaskError
from prunekit.measure.forward import BATCH, run
from prunekit.measure.intervals import wilson
from prunekit.measure.metrics import Metric, metric_named
from prunekit.measure.outputs import FIRST, Outputs
from prunekit.records import Reading, Status
from prunekit.tasks.task import Split


def evaluate(
    model: nn.Module | Outputs,
    split: Split,
    metric: str = "accuracy",
    *,
    name: str = "validation",
    recipe: str = "",
    dense_logits: Tensor | Outputs | None = None,
    recalibrated: bool = False,
    value_raw: float | None = None,
) -> Iterator[Reading]:
    """Measure a network: first on 100 samples, then after each batch, at last on all.

    Args:
        model: a classifier, or its outputs on the split where somebody computes them anyway; between
            two readings and afterwards it is as it was.
        split: the samples.
        metric: name in ``METRICS``.
        name: what the split is called.
        recipe: digest of the recipe that made the network.
        dense_logits: ``(n or more, classes)`` outputs of the dense network on the same samples.
        recalibrated: what the readings say of the network's BatchNorm statistics.
        value_raw: the metric before recalibration, where known.

    Yields:
        Readings with growing ``n``; each is exact for its samples, the last for the split.

    Raises:
        TaskError: an unknown metric, no sample, or a network that does not return logits.
    """
    steps = evaluate_steps(
        model,
        split,
        metric,
        name=name,
        recipe=recipe,
        dense_logits=dense_logits,
        recalibrated=recalibrated,
        value_raw=value_raw,
    )
    return (reading for reading in steps if reading is not None)


def evaluate_steps(
    model: nn.Module | Outputs,
    split: Split,
    metric: str = "accuracy",
    *,
    name: str = "validation",
    recipe: str = "",
    dense_logits: Tensor | Outputs | None = None,
    recalibrated: bool = False,
    value_raw: float | None = None,
) -> Iterator[Reading | None]:
    """Measure a network in short steps, between which it can stop or give way.

    Yields:
        Readings as ``evaluate`` does, and ``None`` after each stretch of work that ends without one.
    """
    rule = metric_named(metric)
    if len(split) == 0:
        raise TaskError(f"There is nothing to measure on: the {name} split has no samples.")
    stops = [*range(min(FIRST, len(split)), len(split), BATCH), len(split)]
    outputs = model if isinstance(model, Outputs) else Outputs(model, split)
    for stop in stops:
        yield from outputs.compute(stop)
        if isinstance(dense_logits, Outputs):
            yield from dense_logits.compute(stop)
        yield read(
            outputs[:stop],
            split.targets[:stop],
            rule,
            name=name,
            recipe=recipe,
            dense_logits=None if dense_logits is None else dense_logits[:stop],
            recalibrated=recalibrated,
            value_raw=value_raw,
        )


def read(
    logits: Tensor,
    targets: Tensor,
    rule: Metric,
    *,
    name: str = "validation",
    recipe: str = "",
    dense_logits: Tensor | None = None,
    recalibrated: bool = False,
    value_raw: float | None = None,
) -> Reading:
    """Read a network's answers.

    Args:
        logits: its outputs ``(n, classes)``.
        targets: ``(n,)``.
        rule: the metric.
        name: what the split is called.
        recipe: digest of the recipe that made the network.
        dense_logits: the dense network's outputs on the same samples.
        recalibrated: what the reading says of the network's BatchNorm statistics.
        value_raw: the metric before recalibration, where known.
    """
    values = rule.compute(logits, targets).double()
    correct = int(values.sum()) if rule.counts else None
    return Reading(
        metric=rule.name,
        value=float(values.mean()),
        n=len(targets),
        correct=correct,
        interval=None if correct is None else wilson(correct, len(targets)),
        loss=float(F.cross_entropy(logits.double(), targets)),
        kl=None if dense_logits is None else divergence(dense_logits, logits),
        split=name,
        status=Status.MEASURED,
        recipe=recipe,
        per_class=per_class(values, targets, logits.shape[1]),
        recalibrated=recalibrated,
        value_raw=value_raw,
    )


def logits(model: nn.Module, split: Split) -> Tensor:
    """Compute the network's output on a split.

    Returns:
        ``(n, classes)``.
    """
    return torch.cat([run(model, split.inputs[i : i + BATCH]) for i in range(0, len(split), BATCH)])


def divergence(dense: Tensor, pruned: Tensor) -> float:
    """Compute the mean KL divergence KL(dense ‖ pruned) of two networks' predictions, in nats.

    Args:
        dense: ``(n, classes)`` logits of the reference.
        pruned: ``(n, classes)`` logits of the other network.
    """
    reference, other = dense.double().log_softmax(1), pruned.double().log_softmax(1)
    return max(0.0, float(F.kl_div(other, reference, reduction="batchmean", log_target=True)))


def per_class(values: Tensor, targets: Tensor, classes: int) -> tuple[float, ...]:
    """Average ``(n,)`` sample values over each class; not a number where a class has no sample."""
    sums = torch.zeros(classes, dtype=torch.float64).index_add_(0, targets, values)
    counts = torch.bincount(targets, minlength=classes)
    return tuple((sums / counts).tolist())
