"""Running a network without leaving a trace in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.errors import TaskError

BATCH = 250


@contextmanager
def at_rest(model: nn.Module) -> Iterator[None]:
    """Run a block with the network in eval mode and without gradients.

    Afterwards, also when the block raises, every module is in its own mode again and the random
    generator stands where it stood.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            model.eval()
            yield
    finally:
        for module, training in modes:
            module.training = training


def run(model: nn.Module, inputs: Tensor) -> Tensor:
    """Compute the logits of one batch.

    Args:
        model: a classifier; its modes and the random generator are as before afterwards.
        inputs: ``(batch, …)``.

    Returns:
        ``(batch, classes)`` logits, or ``(batch, classes, *places)``.

    Raises:
        TaskError: the network returns something else.
    """
    with at_rest(model):
        logits = answer(model, inputs)
    if not isinstance(logits, Tensor) or logits.ndim < 2:
        description = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise TaskError(f"The network should return logits shaped (batch, classes, …), but returned {description}.")
    return logits


def answer(model: Callable[[Tensor], Any], inputs: Tensor) -> Any:
    """Call a network on images in channels-last order, which convolutions on CPUs prefer.

    Code that views an output as it lies in memory, such as ``x.view(len(x), -1)``, cannot run in that order, and gets
    the images in their own.
    """
    if inputs.ndim != 4:
        return model(inputs)
    try:
        return model(inputs.to(memory_format=torch.channels_last))
    except RuntimeError as error:
        if VIEWED not in str(error):
            raise
        # A copy: with one channel both orders count as contiguous, and convolutions still go by the strides.
        return model(inputs.clone(memory_format=torch.contiguous_format))


VIEWED = "view size is not compatible"
"""How PyTorch says that memory lies otherwise than a view needs."""
