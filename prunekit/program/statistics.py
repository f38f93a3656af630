"""Batch normalisation on the statistics of its own input, whoever calls it: a module, a function, a program."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

Place = tuple[int, torch.Size]
"""Where a tensor lies in memory, and its shape."""


class _Statistics(TorchDispatchMode):
    """Lets each batch normalisation that reads a network's running statistics estimate them instead.

    Args:
        buffers: the network's buffers by name.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # skipping the compiler would import it

    def __init__(self, buffers: dict[str, Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: dict[str, Tensor] = {}
        self._names = {_place(tensor): name for name, tensor in buffers.items() if tensor.is_floating_point()}
        self._calls: dict[str, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        names = [argument.name for argument in func._schema.arguments]
        if "running_var" not in names or "training" not in names:
            return func(*args, **(kwargs or {}))
        given = {**dict(zip(names, args, strict=False)), **(kwargs or {})}
        mean, variance = map(self._name, (given["running_mean"], given["running_var"]))
        if given["training"] or mean is None or variance is None:
            return func(*args, **(kwargs or {}))
        return func(**{**given, **self._estimating(given["input"], mean, variance, names)})

    def _name(self, tensor: Tensor | None) -> str | None:
        return None if tensor is None else self._names.get(_place(tensor))

    def _estimating(self, inputs: Tensor, mean: str, variance: str, names: list[str]) -> dict[str, Any]:
        """Return the arguments with which a call averages its input's statistics over all calls so far."""
        if inputs.numel() == inputs.shape[1]:
            raise ValueError(f"Expected more than 1 value per channel, got input of shape {tuple(inputs.shape)}")
        calls = self._calls[mean] = self._calls.get(mean, 0) + 1
        for name, start in ((mean, 0.0), (variance, 1.0)):
            if name not in self.found:
                held = next(place for place, known in self._names.items() if known == name)
                self.found[name] = inputs.new_full(held[1], start, dtype=torch.promote_types(inputs.dtype, torch.float))
        share = next(name for name in names if name in ("momentum", "exponential_average_factor"))
        found = {"running_mean": self.found[mean], "running_var": self.found[variance]}
        return {**found, "training": True, share: 1 / calls}


def _place(tensor: Tensor) -> Place:
    return tensor.data_ptr(), tensor.shape


@contextmanager
def batch_statistics(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Run a block in which batch normalisation works on the statistics of each batch.

    Args:
        model: the network in eval mode; its own statistics stay as they are.

    Yields:
        Mean and unbiased variance by the names of the running ones, averaged over the calls in the block.
    """
    with _Statistics(dict(model.named_buffers())) as mode:
        yield mode.found
