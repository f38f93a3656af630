"""What a recipe starts from: the task's own network, or the weights of a run."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from prunekit.errors import RecipeError, WorkspaceError
from prunekit.graph import expand_state, named_tensors
from prunekit.recipe import FrozenMap
from prunekit.subject.blocks import by_group, shortened
from prunekit.subject.opening import Opened
from prunekit.subject.remembered import remembered


@dataclass(frozen=True, eq=False)
class Base:
    """What a recipe starts from.

    Attributes:
        model: the network in its dense shapes.
        allowed: the units it still has of each group that was cut.
        bits: the bits that it was trained with, per layer.
        blocks: the blocks that it was trained without.
    """

    model: nn.Module
    allowed: Mapping[str, tuple[int, ...]]
    bits: Mapping[str, int] = field(default_factory=FrozenMap)
    blocks: tuple[str, ...] = ()

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Its parameters and buffers by name."""
        return dict(named_tensors(self.model))


@remembered(16)
def base_of(opened: Opened, run_id: str | None) -> Base:
    """Return the task's own network, or a recovered run's weights at their dense positions.

    Blocks that the run had lost and the task has are the task's own.

    Raises:
        WorkspaceError: no such run, or its weights are gone.
        RecipeError: the run belongs to other weights or has none of its own.
    """
    if run_id is None:
        return Base(opened.task.model, {})
    run = opened.workspace.run(run_id)
    if run.weights is None:
        raise RecipeError(f"Run {run_id} has no weights of its own; give as base a recovered run, or none.")
    if run.model != opened.digest:
        raise RecipeError(f"Run {run_id} was made from other weights of {run.task!r}; open those first.")
    tensors, kept = _read(opened.workspace.weights_path(run_id))
    dense = dict(named_tensors(opened.task.model))
    whole = opened.whole or opened
    # Its weights lie in the groups of the network that it was; without another block, two of those may be one.
    own = shortened(whole, run.recipe.blocks).structure if run.recipe.blocks else whole.structure
    expanded = expand_state(tensors, dict(named_tensors(whole.task.model)), own, kept)
    model = copy.deepcopy(opened.task.model)
    model.load_state_dict({name: tensor for name, tensor in expanded.items() if name in dense}, strict=False)
    layers = {layer.name for layer in opened.structure.layers}
    bits = {layer: value for layer, value in run.recipe.bits.items() if layer in layers}
    return Base(model, by_group(own, opened.structure, kept, _common), bits, run.recipe.blocks)


def _common(some: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    """Return the units that both have; where there is none, one of them stays, since a group is never removed whole."""
    return tuple(sorted({*some} & {*others})) or some[:1]


def store_weights(opened: Opened, run_id: str, model: nn.Module, kept: Mapping[str, tuple[int, ...]]) -> str:
    """Write a recovered network's weights into the workspace and return the file's name."""
    path = opened.workspace.weights_path(run_id)
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in named_tensors(model)}
    metadata = {"kept": json.dumps({group: list(units) for group, units in kept.items()})}
    opened.workspace.write_file(path, lambda aside: aside.write_bytes(save(tensors, metadata)))
    return path.name


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, tuple[int, ...]]]:
    try:
        with safe_open(path, framework="pt") as file:
            kept = json.loads((file.metadata() or {}).get("kept", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return tensors, {group: tuple(map(int, units)) for group, units in kept.items()}
    except (OSError, SafetensorError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise WorkspaceError(f"The weights {path.name} cannot be read ({error}); recover the run again.") from None
