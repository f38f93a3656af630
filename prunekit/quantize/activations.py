"""Activations of eight bits: what each quantised layer reads is rounded to 256 levels of its range."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from prunekit.graph.first_input import Inputs, first_input, with_first
from prunekit.program.forward import BATCH, at_rest
from prunekit.tasks.task import Split

SAMPLES = 250
LEVELS = 255


@dataclass(frozen=True, slots=True)
class Levels:
    """The grid that a layer's input is rounded to.

    Attributes:
        scale: distance between two levels.
        zero: the level of the value 0, from 0 to 255.
    """

    scale: float
    zero: int

    def __call__(self, module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> Inputs:
        """Round a module's first input, as a hook with kwargs that runs before it."""
        return with_first(arguments, named, self.near(first_input(arguments, named)))

    def near(self, values: Tensor) -> Tensor:
        """Round to the levels."""
        level = ((values / self.scale).round() + self.zero).clamp(0, LEVELS)
        return (level - self.zero) * self.scale


def rounding_modules(model: nn.Module, layers: Iterable[str]) -> list[str]:
    """Name the modules among some layers that can round what they read: those that take one tensor."""
    modules = dict(model.named_modules())
    return [path for path in layers if isinstance(modules.get(path), nn.Conv1d | nn.Conv2d | nn.Linear)]


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
        def look(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
            low, high = ranges.get(path, (0.0, 0.0))
            first = first_input(arguments, named)
            ranges[path] = min(low, float(first.min())), max(high, float(first.max()))

        return look

    for path in modules:
        twin.get_submodule(path).register_forward_pre_hook(watch(path), with_kwargs=True)
    samples = split.head(limit).inputs
    with at_rest(twin):
        for start in range(0, len(samples), BATCH):
            twin(samples[start : start + BATCH])
    return {path: _grid(low, high) for path, (low, high) in ranges.items()}


def round_inputs(model: nn.Module, grids: Mapping[str, Levels]) -> nn.Module:
    """Copy a network whose modules named round their inputs."""
    twin = copy.deepcopy(model)
    for path, grid in grids.items():
        twin.get_submodule(path).register_forward_pre_hook(grid, with_kwargs=True)
    return twin


def without_rounding(model: nn.Module) -> nn.Module:
    """Copy a network whose modules no longer round their inputs."""
    twin = copy.deepcopy(model)
    for module in twin.modules():
        for number in [number for number, hook in module._forward_pre_hooks.items() if isinstance(hook, Levels)]:
            del module._forward_pre_hooks[number], module._forward_pre_hooks_with_kwargs[number]
    return twin


@contextmanager
def rounding_in_training(model: nn.Module, modules: Iterable[str]) -> Iterator[None]:
    """Let modules round their inputs for as long as the block lasts; gradients pass unchanged.

    The range moves while a network learns, so each batch has its own.

    Source: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons, 2013, arXiv 1308.3432.
    """
    handles = [model.get_submodule(path).register_forward_pre_hook(_round_batch, with_kwargs=True) for path in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _round_batch(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> Inputs:
    first = first_input(arguments, named)
    seen = first.detach()
    grid = _grid(min(0.0, float(seen.min())), max(0.0, float(seen.max())))
    return with_first(arguments, named, first + (grid.near(seen) - seen))


def _grid(low: float, high: float) -> Levels:
    scale = (high - low) / LEVELS or 1.0
    return Levels(scale, round(-low / scale))
