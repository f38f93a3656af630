"""Running a network without leaving a trace in it."""

from collections.abc import Iterator
from contextlib import contextmanager

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

    Images go in channels-last order, which convolutions on CPUs prefer.

    Args:
        model: a classifier; its modes and the random generator are as before afterwards.
        inputs: ``(batch, …)``.

    Returns:
        ``(batch, classes)`` logits, or ``(batch, classes, *places)``.

    Raises:
        TaskError: the network returns something else.
    """
    with at_rest(model):
        logits = model(inputs.to(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs)
    if not isinstance(logits, Tensor) or logits.ndim < 2:
        given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise TaskError(f"The network should return logits shaped (batch, classes, …), but returned {given}.")
    return logits
