"""The checkpoint: the pruned network's tensors in safetensors, with everything about them as JSON metadata."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from prunekit.errors import CheckpointError, ExportError
from prunekit.graph.removable import outermost
from prunekit.quantize.packing import pack_state
from prunekit.tasks.checkpoint import read_checkpoint

if TYPE_CHECKING:  # the fresh process reads checkpoints and needs none of these
    from prunekit.cut.pruned import Pruned
    from prunekit.recipe import Recipe
    from prunekit.records import Reading
    from prunekit.tasks.task import Task

FORMAT = "prunekit-checkpoint-1"


def write_checkpoint(path: Path, task: "Task", recipe: "Recipe", pruned: "Pruned", reading: "Reading") -> None:
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


def check_checkpoint(path: Path) -> None:
    """Check that a file is a checkpoint of PruneKit's with the tensors that were written.

    Raises:
        CheckpointError: not safetensors, truncated, not one of PruneKit's, or changed since.
    """
    tensors = read_checkpoint(path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path.name} was not written by PruneKit as {FORMAT}; name an exported checkpoint.")
    if metadata.get("sha256") != digest(tensors):
        raise CheckpointError(f"The tensors in {path.name} are not the ones that were written; export it again.")


def packed_bytes(path: Path) -> int | None:
    """Return the bytes of the tensors in a checkpoint whose weights are packed; ``None`` where none is."""
    with safe_open(path, framework="pt") as file:
        if not json.loads(file.metadata().get("few_bits", "[]")):
            return None
        return int(sum(file.get_tensor(name).nbytes for name in file.keys()))  # noqa: SIM118 - not a mapping


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Digest names, types, shapes and bytes of tensors, in name order, as SHA-256."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def fresh_network(task: "Task") -> nn.Module:
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
