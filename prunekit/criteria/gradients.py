"""Loss gradients of every parameter, batch by batch, taken on a copy."""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.tasks.task import Split

BATCH = 16
"""Samples in a batch: one sample's gradient is noise, the mean of many is near 0 after training."""

ENTRIES = 64_000_000
"""Gradient entries held at most, 256 MB; a large network gets fewer and larger batches."""


def gradients(model: nn.Module, split: Split, limit: int | None = 256) -> dict[str, Tensor]:
    """Compute the gradient of the mean cross-entropy loss of each batch for every parameter.

    The network runs in eval mode, so BatchNorm uses the statistics it will be used with.

    Args:
        model: the network; untouched, also where its forward raises.
        split: samples; train data for a criterion.
        limit: use the first this many samples, all for ``None``.

    Returns:
        Parameter name → ``(batches, …)`` gradients in the parameter's shape, zeros where the loss
        does not depend on it; a tied parameter goes by its first name.
    """
    samples = split.head(limit)
    twin = copy.deepcopy(model).eval().requires_grad_(True)
    parameters = dict(twin.named_parameters())
    room = ENTRIES // max(1, sum(parameter.numel() for parameter in parameters.values()))
    batches = max(1, min(len(samples) // BATCH, room))
    size = math.ceil(len(samples) / batches)
    by_name: dict[str, list[Tensor]] = {name: [] for name in parameters}
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        for start in range(0, len(samples), size):
            inputs, targets = samples.inputs[start : start + size], samples.targets[start : start + size]
            loss = F.cross_entropy(twin(inputs), targets)
            values = torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
            for name, value in zip(parameters, values, strict=True):
                by_name[name].append(value)
    return {name: torch.stack(values) for name, values in by_name.items()}
