"""How large a network's tensors are, plain and compressed."""

import gzip
from collections.abc import Mapping

import torch
from torch import Tensor, nn


def stored(model: nn.Module) -> dict[str, Tensor]:
    """Return the parameters and persistent buffers, tied ones once, under their first names."""
    state = model.state_dict(keep_vars=True)
    first = {id(value): name for name, value in reversed(state.items()) if isinstance(value, Tensor)}
    return {name: value.detach() for name, value in state.items() if first.get(id(value)) == name}


def tensor_bytes(model: nn.Module) -> int:
    """Return the bytes of parameters and persistent buffers."""
    return sum(tensor.numel() * tensor.element_size() for tensor in stored(model).values())


def gzip_bytes(tensors: Mapping[str, Tensor]) -> int:
    """Return the bytes of tensors, one after another, after gzip at its usual level 6."""
    parts = [tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() for tensor in tensors.values()]
    return len(gzip.compress(b"".join(parts), compresslevel=6, mtime=0))


def nonzero(model: nn.Module) -> int:
    """Return how many parameters are not zero, tied ones once."""
    return sum(int(torch.count_nonzero(parameter)) for parameter in model.parameters())
