"""The checkpoint: the pruned network's tensors in safetensors, with everything about them as JSON metadata."""

import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import save
from torch import Tensor, nn

from prunekit.cut.pruned import Pruned
from prunekit.errors import ExportError
from prunekit.export.stored import FORMAT, digest
from prunekit.graph.removable import outermost
from prunekit.quantize.packing import pack_state
from prunekit.recipe import Recipe
from prunekit.records import Reading
from prunekit.tasks.task import Task


def write_checkpoint(path: Path, task: Task, recipe: Recipe, pruned: Pruned, reading: Reading) -> None:
    """Write the pruned network's tensors with their story.

    The metadata are JSON texts: ``recipe``, ``kept`` (unit indices of each group), ``sizes`` (module attributes
    that differ from the fresh network), ``tied`` (place → stored tensor), ``few_bits`` (weights of few bits, in the
    order of their codes in the tensor ``packed``: name, shape, bits, dimension of the scales, dtype), ``levels``
    (module → scale and zero of the grid that its input is rounded to), ``replaced`` (module → ``identity`` or
    ``nothing``, where a block was removed), ``counts``, ``reading``, ``versions``, and
    the plain texts ``format``, ``task``, ``factory`` and ``sha256`` (of all tensors).

    Args:
        path: the ``.safetensors`` file to write.
        task: the task that was pruned; its factory makes the fresh network that will be filled.
        recipe: the question.
        pruned: its answer, as it was measured.
        reading: its validation reading.

    Raises:
        ExportError: the factory makes a network with other modules than the pruned one.
    """
    fresh = fresh_network(task)
    whole, tied = stored_tensors(pruned.model, fresh)
    tensors = pack_state(whole, pruned.precisions)
    story = {
        "recipe": recipe.to_json(),
        "kept": {group: list(units) for group, units in pruned.kept.items()},
        "sizes": changed_sizes(pruned.model, fresh),
        "tied": tied,
        "few_bits": [
            [name, list(whole[name].shape), entry.stored, entry.dim, str(whole[name].dtype).removeprefix("torch.")]
            for name, entry in ((name, pruned.precisions[name]) for name in whole if name in pruned.precisions)
        ],
        "levels": pruned.levels,
        "replaced": outermost(pruned.replaced),
        "counts": {**asdict(pruned.cost), "flops": pruned.cost.flops},
        "reading": asdict(reading),
        "versions": versions(),
    }
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    metadata = {key: json.dumps(value) for key, value in story.items()}
    metadata |= {"format": FORMAT, "task": task.name, "factory": task.factory_path, "sha256": digest(tensors)}
    path.write_bytes(save(tensors, metadata))


def fresh_network(task: Task) -> nn.Module:
    """Make the task's network untrained, leaving the random state as it was."""
    with torch.random.fork_rng(devices=[]):
        return task.factory()


def stored_tensors(model: nn.Module, fresh: nn.Module) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Collect what a checkpoint must hold: every tensor once, on its own storage, contiguous.

    Buffers outside the state dict are stored only where their shape is not the fresh network's.

    Args:
        model: the pruned network.
        fresh: the same network untrained and whole.

    Returns:
        The tensors by name, and for each further place of a tensor the name it is stored under.
    """
    state = set(model.state_dict())
    whole = dict(fresh.named_buffers(remove_duplicate=False))
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    tensors: dict[str, Tensor] = {}
    tied: dict[str, str] = {}
    first: dict[int, str] = {}
    for name, tensor in named:
        if name not in state and name in whole and whole[name].shape == tensor.shape:
            continue
        if id(tensor) in first:
            tied[name] = first[id(tensor)]
        else:
            first[id(tensor)] = name
            # A slice's storage may hold far more than the slice, such as a whole data set.
            tensors[name] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    return tensors, tied


def changed_sizes(model: nn.Module, fresh: nn.Module) -> dict[str, dict[str, Any]]:
    """Find the plain attributes that make the pruned network differ from a fresh one.

    Recording them instead of deriving them from shapes keeps what shapes cannot tell, such as the groups of a
    convolution or the heads of an attention.

    Returns:
        New values by attribute, by module path; only modules that changed.

    Raises:
        ExportError: the two networks do not have the same modules.
    """
    modules = dict(fresh.named_modules())
    changed: dict[str, dict[str, Any]] = {}
    for path, module in model.named_modules():
        if type(modules.get(path)).__qualname__ != type(module).__qualname__:
            raise ExportError(
                f"The factory makes no {type(module).__name__} at {path or 'the root'!r}, the pruned network has one; "
                f"give the task the factory of its own network."
            )
        before = vars(modules[path])
        sizes = {key: value for key, value in vars(module).items() if _is_size(key, value)}
        sizes = {key: value for key, value in sizes.items() if key not in before or before[key] != value}
        if sizes:
            changed[path] = sizes
    return changed


def versions() -> dict[str, str]:
    """Name the software that writes an export."""
    return {"python": platform.python_version(), "torch": torch.__version__, "safetensors": safetensors.__version__}


def _is_size(key: str, value: Any) -> bool:
    if key.startswith("_") or key == "training":
        return False
    return isinstance(value, int | float | str) or (
        isinstance(value, tuple) and all(isinstance(part, int | float) for part in value)
    )
