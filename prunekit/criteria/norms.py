"""How loud the inputs of a network's weights are, on real samples."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.graph.first_input import first_input
from prunekit.tasks.task import Split

BATCH = 50


def input_norms(model: nn.Module, split: Split, limit: int | None = 256) -> Mapping[str, Tensor]:
    """Compute the root mean square of the input that each weight multiplies.

    Args:
        model: the network; untouched.
        split: samples; train data for a criterion.
        limit: use the first this many samples, all for ``None``.

    Returns:
        Name of each weight of a convolution or linear layer → norms in the weight's shape.
    """
    twin = copy.deepcopy(model).eval()
    squares: dict[str, Tensor] = {}
    places: dict[str, int] = {}

    def watch(path: str) -> Any:
        def look(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
            channels = first_input(arguments, named).detach().double()
            channel = 1 if isinstance(module, nn.modules.conv._ConvNd) else channels.ndim - 1
            rows = channels.movedim(channel, 0).flatten(1)
            squares[path] = squares.get(path, 0.0) + rows.square().sum(1)
            places[path] = places.get(path, 0) + rows.shape[1]

        return look

    watched = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    modules = {path: module for path, module in twin.named_modules() if isinstance(module, watched)}
    for path, module in modules.items():
        module.register_forward_pre_hook(watch(path), with_kwargs=True)
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        for batch in torch.split(split.head(limit).inputs, BATCH):
            twin(batch)
    return {
        f"{path}.weight": _beside(modules[path], (total / places[path]).sqrt().float())
        for path, total in squares.items()
    }


def _beside(module: nn.Module, norms: Tensor) -> Tensor:
    """Lay the norms of input channels out in the shape of the weight that multiplies them."""
    weight = module.get_parameter("weight")
    groups = int(getattr(module, "groups", 1))
    rows = norms.view(groups, -1).repeat_interleave(len(weight) // groups, 0)
    return rows.view(*rows.shape, *[1] * (weight.ndim - 2)).expand(weight.shape)
