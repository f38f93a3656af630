"""The memory format to train a network in."""

import torch
from torch import nn

from prunekit.program.forward import at_rest
from prunekit.tasks.task import Split


def memory_layout(model: nn.Module, samples: Split) -> torch.memory_format:
    """Return the memory format to train a network in: channels last is a fifth to a half faster where it is sound.

    Code that views an output as it lies in memory cannot run in that format.

    In torch 2.13 the backward pass of a strided 1×1 convolution in that format writes beyond its memory on the CPU
    for some channel counts, such as 6 to 12, and the process dies sooner or later.
    """
    strided = any(
        isinstance(module, nn.Conv2d) and max(module.stride) > 1 and max(module.kernel_size) == 1
        for module in model.modules()
    )
    if strided or samples.inputs.ndim != 4:
        return torch.contiguous_format
    try:
        with at_rest(model):
            model(samples.inputs[:1].to(memory_format=torch.channels_last))
    except RuntimeError:
        return torch.contiguous_format
    return torch.channels_last
