"""Loss gradients of every parameter, taken on a copy."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prunekit.tasks.task import Split

BATCH = 250


def gradients(model: nn.Module, split: Split, limit: int | None = 500) -> dict[str, Tensor]:
    """Compute the gradient of the mean cross-entropy loss with respect to every parameter.

    The network runs in eval mode, so BatchNorm uses the statistics it will be used with.

    Args:
        model: the network; untouched, also where its forward raises.
        split: samples; train data for a criterion.
        limit: use the first this many samples, all for ``None``.

    Returns:
        Parameter name → gradient in the parameter's shape, zeros where the loss does not depend
        on it; a tied parameter goes by its first name.
    """
    samples = split.head(limit)
    twin = copy.deepcopy(model).eval().requires_grad_(True)
    twin.zero_grad(set_to_none=True)
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        for start in range(0, len(samples), BATCH):
            inputs, targets = samples.inputs[start : start + BATCH], samples.targets[start : start + BATCH]
            torch.autograd.backward(F.cross_entropy(twin(inputs), targets, reduction="sum") / len(samples))
    return {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in twin.named_parameters()}
