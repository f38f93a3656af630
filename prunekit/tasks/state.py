"""Named tensors inside what people save: bare, wrapped in a dict, and with prefixes before their names."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from prunekit.errors import CheckpointError, listed

WRAPPERS = (
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params"),
    *("state_dict_ema", "model_ema", "ema_state_dict", "ema"),
)
"""Keys under which people, and Lightning, keep the state dict beside epoch, optimizer and other things; a moving
average of the weights is taken only where they are not there themselves."""
COUNTERS = ("num_batches_tracked", "n_averaged")
"""How BatchNorm and torch's ``AveragedModel`` call a tensor that counts their steps and changes no answer."""
COMPILED = "_orig_mod."
"""What ``torch.compile`` puts into the names below a module that it compiled."""


def find_state(content: Any, label: str) -> tuple[dict[str, Tensor], str]:
    """Find the state dict in what a file holds.

    Args:
        content: what was read.
        label: what the file is called in an error.

    Returns:
        Tensors by name as the file gives them, and where they were: ``state dict``, or ``state dict in 'model'``.

    Raises:
        CheckpointError: there are no named tensors, or tensors that are more than the bytes the file has for them.
    """
    where = "state dict"
    if isinstance(content, Mapping) and not _is_state(content):
        for key in WRAPPERS:
            if _is_state(content.get(key)):
                content, where = content[key], f"state dict in {key!r}"
                break
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"{label} holds no named tensors; a state dict is expected.")
    for name, tensor in content.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(
                f"{label} holds {str(name)[:40]!r}, which is no tensor, and no state dict under any of "
                f"{listed(WRAPPERS)}; save the state dict alone."
            )
        # A tensor of stride 0 shows more than its file holds; copying it could fill the memory.
        if (
            tensor.layout != torch.strided
            or tensor.is_meta
            or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes()
        ):
            raise CheckpointError(f"{label} stores {name} in a form that is no plain dense tensor; it is refused.")
    return dict(content), where


def _is_state(content: Any) -> bool:
    return isinstance(content, Mapping) and bool(content) and all(isinstance(t, Tensor) for t in content.values())


def own_names(names: Collection[str], expected: Collection[str]) -> tuple[dict[str, str], str]:
    """Translate a file's tensor names into a network's.

    ``torch.compile`` writes ``_orig_mod.`` into names, ``DataParallel`` puts ``module.`` before them, Lightning the
    attribute that holds the network. The prefix is taken off that makes most names fit, if any does.

    Args:
        names: names in the file.
        expected: the network's names.

    Returns:
        The network's way to write each name of the file that begins with the prefix, and the prefix.

    Example:
        >>> own_names(["module.fc.weight", "step"], ["fc.weight", "fc.bias"])
        ({'module.fc.weight': 'fc.weight'}, 'module.')
    """
    known = set(expected)
    plain = {name: name if name in known else name.replace(COMPILED, "") for name in names}
    prefixes: Counter[str] = Counter()
    for name in plain.values():
        parts = name.split(".")
        prefixes.update(".".join([*parts[:i], ""]) for i in range(len(parts)) if ".".join(parts[i:]) in known)
    # Of prefixes that fit equally well the shortest: nothing is taken off that need not.
    prefix = max(prefixes, key=lambda one: (prefixes[one], -len(one)), default="")
    compiled = COMPILED if any(plain[name] != name for name in names) else ""
    translated = {name: own.removeprefix(prefix) for name, own in plain.items() if own.startswith(prefix)}
    return translated, prefix + compiled


def is_counter(name: str) -> bool:
    """Return whether a tensor of this name only counts steps."""
    return name.rpartition(".")[2] in COUNTERS


def folded(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Multiply the weights that ``torch.nn.utils.prune`` keeps as an original and a mask.

    Example:
        >>> folded({"weight_orig": torch.tensor([3.0, 5.0]), "weight_mask": torch.tensor([0.0, 1.0])})
        {'weight': tensor([0., 5.])}
    """
    whole = dict(state)
    for name in state:
        original, mask = f"{name.removesuffix('_mask')}_orig", name
        # Only of one shape: broadcasting could fill the memory.
        if name.endswith("_mask") and original in state and state[original].shape == state[mask].shape:
            whole[name.removesuffix("_mask")] = whole.pop(original) * whole.pop(mask)
    return whole
