"""BatchNorm recalibration: statistics of the network that is left, not of the one that was."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from prunekit.program.forward import BATCH, answer, at_rest
from prunekit.program.statistics import batch_statistics
from prunekit.tasks.task import Split

SAMPLES = 250


def recalibrate(model: nn.Module, split: Split, limit: int | None = SAMPLES) -> nn.Module:
    """Estimate the running mean and variance of every batch normalisation anew, on a copy.

    Args:
        model: the network; untouched.
        split: train samples.
        limit: use the first this many samples, all for ``None``.

    Returns:
        A copy in the same mode; without running statistics it is a plain copy.
    """
    return with_statistics(model, statistics_on(model, split, limit))


def statistics_on(model: nn.Module, split: Split, limit: int | None = SAMPLES) -> dict[str, Tensor]:
    """Estimate the running mean and variance of every batch normalisation, module or not.

    The statistics are the average over batches of 250, without a last one of a single sample; everything else
    stays in eval mode.

    Source: Li et al., EagleEye: Fast Sub-net Evaluation for Efficient Neural Network Pruning, 2020,
    arXiv 2007.02491.

    Args:
        model: the network; untouched.
        split: train samples.
        limit: use the first this many samples, all for ``None``.

    Returns:
        Buffer name → its value; nothing where the network has no buffers that could be statistics.
    """
    samples = split.head(limit).inputs
    if len(samples) == 0 or not any(buffer.is_floating_point() for buffer in model.buffers()):
        return {}
    with at_rest(model), batch_statistics(model) as found:
        # One sample left over has no variance behind a flatten, and batches would all count alike.
        for start in range(0, max(1, len(samples) - 1), BATCH):
            answer(model, samples[start : start + BATCH])
    return found


def with_statistics(model: nn.Module, statistics: Mapping[str, Tensor]) -> nn.Module:
    """Copy a network with statistics that were estimated anew.

    Args:
        model: the network; untouched.
        statistics: buffer name → its value, for the running mean and variance of every batch normalisation.

    Returns:
        A copy in the same mode.
    """
    twin = copy.deepcopy(model)
    buffers = dict(twin.named_buffers())
    for name, value in statistics.items():
        with torch.no_grad():
            buffers[name].copy_(value)
        counter = f"{name.rpartition('.')[0]}.num_batches_tracked"
        if counter in buffers:
            buffers[counter].fill_(1)
    return twin
