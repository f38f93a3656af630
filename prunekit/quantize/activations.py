"""Activations of eight bits: what each quantised layer reads is rounded to 256 levels of its range."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from prunekit.measure.forward import BATCH, at_rest
from prunekit.tasks.task import Split

SAMPLES = 250
LEVELS = 255


@dataclass(frozen=True, slots=True)
class Levels:
    """The grid that a layer's input is rounded to.

    Attributes:
        scale: distance between two levels.
        zero: the level that stands for 0, from 0 to 255.
    """

    scale: float
    zero: int

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Round a module's first input, as a hook that runs before it."""
        first, *others = inputs
        level = ((first / self.scale).round() + self.zero).clamp(0, LEVELS)
        return ((level - self.zero) * self.scale, *others)


def levels(model: nn.Module, modules: Iterable[str], split: Split, limit: int = SAMPLES) -> dict[str, Levels]:
    """Find the grid of each module's input on a few samples: from the smallest value to the largest, with 0.

    Source: Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference, 2018, arXiv 1712.05877.

    Args:
        model: the network; untouched.
        modules: paths of modules that take one tensor.
        split: train samples.
        limit: use the first this many.

    Returns:
        Path → its grid, for the modules that ran.
    """
    twin, ranges = copy.deepcopy(model), dict[str, tuple[float, float]]()

    def watch(path: str) -> Any:
        def look(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            low, high = ranges.get(path, (0.0, 0.0))
            ranges[path] = min(low, float(inputs[0].min())), max(high, float(inputs[0].max()))

        return look

    for path in modules:
        twin.get_submodule(path).register_forward_pre_hook(watch(path))
    samples = split.head(limit).inputs
    with at_rest(twin):
        for start in range(0, len(samples), BATCH):
            twin(samples[start : start + BATCH])
    return {path: _grid(low, high) for path, (low, high) in ranges.items()}


def round_inputs(model: nn.Module, grids: Mapping[str, Levels]) -> nn.Module:
    """Copy a network whose modules named round their inputs."""
    twin = copy.deepcopy(model)
    for path, grid in grids.items():
        twin.get_submodule(path).register_forward_pre_hook(grid)
    return twin


def _grid(low: float, high: float) -> Levels:
    scale = (high - low) / LEVELS or 1.0
    return Levels(scale, round(-low / scale))
