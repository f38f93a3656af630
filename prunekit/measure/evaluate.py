"""Evaluation: a task's metric on a split, early on a few samples, then exactly."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.errors import TaskError
from prunekit.objectives import Metric, metric_named
from prunekit.program.forward import BATCH, run
from prunekit.program.outputs import FIRST, Outputs
from prunekit.records import Reading, Status
from prunekit.tasks.task import Split


def evaluate(
    model: nn.Module | Outputs,
    split: Split,
    metric: str | Metric = "accuracy",
    *,
    name: str = "validation",
    recipe: str = "",
    dense_logits: Tensor | Outputs | None = None,
    recalibrated: bool = False,
    value_raw: float | None = None,
    network: nn.Module | None = None,
) -> Iterator[Reading]:
    """Measure a network: first on 100 samples, then after each batch, at last on all.

    Args:
        model: a classifier, which is unchanged between two readings and afterwards; or its outputs on the split.
        split: the samples.
        metric: name in ``METRICS``, or the metric.
        name: what the split is called.
        recipe: digest of the recipe that made the network.
        dense_logits: ``(n or more, classes)`` outputs of the dense network on the same samples.
        recalibrated: what the readings say of the network's BatchNorm statistics.
        value_raw: the metric before recalibration, where known.
        network: what a metric that needs the network itself is asked of, where ``model`` is not it.

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
        network=network,
    )
    return (reading for reading in steps if reading is not None)


def evaluate_steps(
    model: nn.Module | Outputs,
    split: Split,
    metric: str | Metric = "accuracy",
    *,
    name: str = "validation",
    recipe: str = "",
    dense_logits: Tensor | Outputs | None = None,
    recalibrated: bool = False,
    value_raw: float | None = None,
    network: nn.Module | None = None,
) -> Iterator[Reading | None]:
    """Measure a network in short steps, between which it can stop or give way.

    Args:
        model: as all that follow, see ``evaluate``.
        split: the samples.
        metric: name in ``METRICS``, or the metric.
        name: what the split is called.
        recipe: digest of the recipe.
        dense_logits: outputs of the dense network.
        recalibrated: what the readings say of the network's BatchNorm statistics.
        value_raw: the metric before recalibration, where known.
        network: what a metric that needs the network itself is asked of, where ``model`` is not it.

    Yields:
        Readings as ``evaluate`` does, and ``None`` after each stretch of work that ends without one.
    """
    rule = metric_named(metric)
    if len(split) == 0:
        raise TaskError(f"There is nothing to measure on: the {name} split has no samples.")
    stops = [*range(min(FIRST, len(split)), len(split), BATCH), len(split)]
    outputs = model if isinstance(model, Outputs) else Outputs(model, split)
    if rule.whole is not None:  # early readings would cost as much as the last
        stops = [len(split)]
        network = model if isinstance(model, nn.Module) else network
    samples: Samples | None = None
    for stop in stops:
        yield from outputs.compute(stop)
        if isinstance(dense_logits, Outputs):
            yield from dense_logits.compute(stop)
        start = 0 if samples is None else len(samples.losses)
        dense = None if dense_logits is None else dense_logits[start:stop]
        batch = Samples.of(outputs[start:stop], split.targets[start:stop], rule, dense)
        samples = batch if samples is None else samples + batch
        yield samples.reading(
            rule,
            name=name,
            recipe=recipe,
            recalibrated=recalibrated,
            value_raw=value_raw,
            value=rule.whole(network, split) if rule.whole is not None and network is not None else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What is known of a network's answers, sample by sample.

    Attributes:
        statistics: the metric's numbers ``(n, k)``.
        losses: cross-entropy ``(n,)``, over places the mean.
        divergences: from the dense network ``(n,)``, where that is known.
        targets: ``(n, *places)``.
        classes: how many there are.
    """

    statistics: Tensor
    losses: Tensor
    divergences: Tensor | None
    targets: Tensor
    classes: int

    @staticmethod
    def of(outputs: Tensor, targets: Tensor, rule: Metric, dense: Tensor | None = None) -> "Samples":
        """Look at outputs ``(n, classes, *places)``, beside the dense network's on the same samples."""
        return Samples(
            statistics=rule.statistics(outputs, targets),
            losses=losses(outputs, targets),
            divergences=None if dense is None else divergences(dense, outputs),
            targets=targets,
            classes=outputs.shape[1],
        )

    def __add__(self, other: "Samples") -> "Samples":
        both = self.divergences is not None and other.divergences is not None
        return Samples(
            statistics=torch.cat([self.statistics, other.statistics]),
            losses=torch.cat([self.losses, other.losses]),
            divergences=torch.cat([self.divergences, other.divergences]) if both else None,  # type: ignore[list-item]
            targets=torch.cat([self.targets, other.targets]),
            classes=self.classes,
        )

    def reading(
        self,
        rule: Metric,
        *,
        name: str = "validation",
        recipe: str = "",
        recalibrated: bool = False,
        value_raw: float | None = None,
        value: float | None = None,
        glance: bool = False,
    ) -> Reading:
        """Read the metric; ``value`` is given where it cannot be computed from single samples.

        A ``glance`` is at so few samples that they show about how large the KL divergence is, but not the metric: an
        estimate without an interval and without values by class.
        """
        is_silent = glance or rule.whole is not None
        return Reading(
            metric=rule.name,
            value=rule.value(self.statistics.mean(0)) if value is None else value,
            n=len(self.losses),
            correct=int(self.statistics.sum()) if rule.counts else None,
            interval=None if is_silent else rule.interval(self.statistics),
            loss=float(self.losses.mean()),
            kl=None if self.divergences is None else max(0.0, float(self.divergences.mean())),
            split=name,
            status=Status.ESTIMATED if glance else Status.MEASURED,
            recipe=recipe,
            per_class=() if is_silent else tuple(rule.by_class(self.statistics, self.targets, self.classes).tolist()),
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
    """Make a reading of a network's outputs.

    Args:
        logits: its outputs ``(n, classes, *places)``.
        targets: ``(n, *places)``.
        rule: the metric.
        name: what the split is called.
        recipe: digest of the recipe that made the network.
        dense_logits: the dense network's outputs on the same samples.
        recalibrated: whether the network's BatchNorm statistics were estimated anew.
        value_raw: the metric before recalibration, where known.
    """
    samples = Samples.of(logits, targets, rule, dense_logits)
    return samples.reading(rule, name=name, recipe=recipe, recalibrated=recalibrated, value_raw=value_raw)


def logits(model: nn.Module, split: Split) -> Tensor:
    """Compute the network's output on a split.

    Returns:
        ``(n, classes)``.
    """
    return torch.cat([run(model, split.inputs[i : i + BATCH]) for i in range(0, len(split), BATCH)])


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Compute each sample's cross-entropy ``(n,)``, over places the mean.

    Args:
        outputs: ``(n, classes, *places)``.
        targets: ``(n, *places)``.
    """
    by_place = F.cross_entropy(_exact(outputs), targets, reduction="none")
    return (by_place if by_place.ndim == 1 else by_place.flatten(1).mean(1)).double()


def divergence(dense: Tensor, pruned: Tensor) -> float:
    """Compute the mean of ``divergences``."""
    return max(0.0, float(divergences(dense, pruned).mean()))


def divergences(dense: Tensor, pruned: Tensor) -> Tensor:
    """Compute each sample's KL divergence KL(dense ‖ pruned) of two predictions, in nats, over places the mean.

    Args:
        dense: ``(n, classes, *places)`` outputs of the reference.
        pruned: those of the other network.

    Returns:
        ``(n,)``.
    """
    reference, other = _exact(dense).log_softmax(1), _exact(pruned).log_softmax(1)
    by_place = F.kl_div(other, reference, reduction="none", log_target=True).sum(1)
    return (by_place if by_place.ndim == 1 else by_place.flatten(1).mean(1)).double()


def _exact(outputs: Tensor) -> Tensor:
    """One vector for each sample is worth double precision; for each pixel it would cost more than the network."""
    return outputs.double() if outputs.ndim == 2 else outputs.float()
