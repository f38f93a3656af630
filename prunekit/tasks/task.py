"""What a task is: a trained network with its data, its metric and an example input."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.errors import TaskError
from prunekit.objectives import Metric, Targets
from prunekit.records import Fit


@dataclass(frozen=True, slots=True)
class Split:
    """Samples ready for the network.

    Attributes:
        inputs: ``(n, …)`` float tensor as the network takes it, normalised.
        targets: ``(n,)`` class indices, or ``(n, height, width)`` where every pixel has a class.
    """

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def kind(self) -> Targets:
        """What a sample's target is."""
        return "class" if self.targets.ndim == 1 else "pixel"

    def head(self, n: int | None) -> "Split":
        """Return the first ``n`` samples as views; all of them for ``None``.

        Raises:
            TaskError: fewer than one are asked for.
        """
        if n is not None and n < 1:
            raise TaskError(f"Samples are taken from 1 on, not {n}; leave the limit out to take all.")
        return self if n is None or n >= len(self) else Split(self.inputs[:n], self.targets[:n])


@dataclass(frozen=True, slots=True)
class Data:
    """A task's samples.

    Attributes:
        validation: what tuning looks at.
        test: read once for each export; ``None`` without one.
        train: ``train(epoch)`` makes the training samples of an epoch, freshly drawn where the
            task augments; epoch 0 is what calibration and gradients use. ``None`` without one.
        classes: class names in target order.
        note: one sentence on where the data come from.
    """

    validation: Split
    test: Split | None
    train: Callable[[int], Split] | None
    classes: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A trained network with its data: what is opened.

    Attributes:
        name: what the task is called on the command line.
        title: what it is called on screen.
        model: the dense trained network, in eval mode; nobody changes it.
        factory: makes the same network untrained, for loading a checkpoint.
        factory_path: import path of ``factory`` as ``module:function`` (or ``file.py:function``),
            for the load snippet; empty where there is none.
        folded: the tensors that its class computes in each pass, and that are plain parameters here.
        arguments: what ``factory_path`` is called with to make it.
        data: its samples.
        metric: name of its metric.
        own_metric: the metric, where it is a person's own.
        card: facts about it as plain values (accuracies, origin, remarks).
        fit: how its checkpoint fitted its network; ``None`` where there was none to fill in.
    """

    name: str
    title: str
    model: nn.Module
    factory: Callable[[], nn.Module]
    factory_path: str
    data: Data
    metric: str = "accuracy"
    card: Mapping[str, Any] = field(default_factory=dict)
    fit: Fit | None = None
    own_metric: Metric | None = None
    folded: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def example(self) -> Tensor:
        """Zeros of the input's shape, batch of two: safe to store in an exported file."""
        first = self.data.validation.inputs[:1]
        return torch.zeros(2, *first.shape[1:], dtype=first.dtype)
