"""BatchNorm recalibration: statistics of the network that is left, not of the one that was."""

import copy
from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from prunekit.program.forward import BATCH, answer, at_rest
from prunekit.tasks.task import Split

SAMPLES = 250


def recalibrate(model: nn.Module, split: Split, limit: int | None = SAMPLES) -> nn.Module:
    """Estimate the running mean and variance of every BatchNorm anew, on a copy.

    The statistics are the average over batches of 250, without a last one of a single sample; every other module
    stays in eval mode.

    Source: Li et al., EagleEye: Fast Sub-net Evaluation for Efficient Neural Network Pruning, 2020,
    arXiv 2007.02491.

    Args:
        model: the network; untouched.
        split: train samples.
        limit: use the first this many samples, all for ``None``.

    Returns:
        A copy in the same mode; without BatchNorm statistics it is a plain copy.
    """
    twin = copy.deepcopy(model)
    norms = [module for module in twin.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    samples = split.head(limit).inputs
    if not norms or len(samples) == 0:
        return twin
    momenta = [norm.momentum for norm in norms]
    with at_rest(twin):
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the cumulative average
            norm.training = True
        # One sample left over has no variance behind a flatten, and batches would all count alike.
        for start in range(0, max(1, len(samples) - 1), BATCH):
            answer(twin, samples[start : start + BATCH])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return twin


def statistics_of(model: nn.Module) -> dict[str, Tensor]:
    """Collect the running mean and variance of every BatchNorm, by buffer name."""
    norms = {name: module for name, module in model.named_modules() if isinstance(module, _BatchNorm)}
    return {
        f"{path}.{name}" if path else name: value
        for path, norm in norms.items()
        for name, value in norm.named_buffers(recurse=False)
        if name.startswith("running_")
    }


def with_statistics(model: nn.Module, statistics: Mapping[str, Tensor]) -> nn.Module:
    """Copy a network with statistics that were estimated elsewhere, on one batch.

    Args:
        model: the network; untouched.
        statistics: buffer name → its value, for the running mean and variance of every BatchNorm.

    Returns:
        A copy in the same mode.
    """
    twin = copy.deepcopy(model)
    buffers = dict(twin.named_buffers())
    for name, value in statistics.items():
        buffers[name].copy_(value)
        counter = f"{name.rpartition('.')[0]}.num_batches_tracked"
        if counter in buffers:
            buffers[counter].fill_(1)
    return twin
