"""How large a network's tensors are, plain and compressed."""

import gzip

import torch
from torch import Tensor, nn


def stored(model: nn.Module) -> list[Tensor]:
    """Return the parameters and persistent buffers, tied ones once."""
    tensors = [value for value in model.state_dict(keep_vars=True).values() if isinstance(value, Tensor)]
    return list({id(tensor): tensor.detach() for tensor in tensors}.values())


def tensor_bytes(model: nn.Module) -> int:
    """Return the bytes of parameters and persistent buffers."""
    return sum(tensor.numel() * tensor.element_size() for tensor in stored(model))


def gzip_bytes(model: nn.Module) -> int:
    """Return the bytes of all tensors, one after another, after gzip at its usual level 6."""
    parts = [tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() for tensor in stored(model)]
    return len(gzip.compress(b"".join(parts), compresslevel=6, mtime=0))


def nonzero(model: nn.Module) -> int:
    """Return how many parameters are not zero, tied ones once."""
    return sum(int(torch.count_nonzero(parameter)) for parameter in model.parameters())
