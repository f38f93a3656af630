"""What a training has reached, as a file: tensors in safetensors, and how they nest as JSON beside them."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from prunekit.errors import CheckpointError
from prunekit.tasks.untrusted import load_state

_TREE = "how they nest"


def state_bytes(state: Any) -> bytes:
    """Return a state of tensors, numbers and texts, in dictionaries and lists, as a file that ``stored_state`` reads.

    Example:
        >>> path = Path(__import__("tempfile").mkdtemp()) / "state.safetensors"
        >>> _ = path.write_bytes(state_bytes({"step": 3, 0: [torch.ones(2)]}))
        >>> stored_state(path)
        {'step': 3, 0: [tensor([1., 1.])]}
    """
    tensors: dict[str, Tensor] = {}
    tree = json.dumps(_packed(state, tensors)).encode()
    return save({**tensors, _TREE: torch.frombuffer(bytearray(tree), dtype=torch.uint8)})


def stored_state(path: Path) -> Any:
    """Read what was stored; tuples have become lists.

    Raises:
        CheckpointError: the file is missing, damaged or another.
    """
    tensors, _ = load_state(path, f"The state {path.name}")
    try:
        return _unpacked(json.loads(bytes(tensors[_TREE].tolist())), tensors)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise CheckpointError(f"The state {path.name} holds no training's state; begin anew.") from None


def _packed(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors[name := str(len(tensors))] = value.detach().clone().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"pairs": [[key, _packed(one, tensors)] for key, one in value.items()]}
    if isinstance(value, list | tuple):
        return [_packed(one, tensors) for one in value]
    return value


def _unpacked(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpacked(one, tensors) for one in value]
    if isinstance(value, dict):
        if "tensor" in value:
            return tensors[value["tensor"]]
        return {key: _unpacked(one, tensors) for key, one in value["pairs"]}
    return value
