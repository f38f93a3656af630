"""A person's own network: what its factory returns, checked before anything is cut."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from prunekit.errors import RAISED, TaskError, listed, said

WRAPPERS = {
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "FullyShardedDataParallel": "module",
    "OptimizedModule": "_orig_mod",
}
"""Classes that run another network, which is an attribute of theirs; ``torch.compile`` makes the last."""


def made(factory: Callable[..., Any], path: str) -> nn.Module:
    """Make the network and set it to eval mode.

    Args:
        factory: makes it.
        path: what the person named the factory.

    Raises:
        TaskError: the factory raises, or returns something that cannot be cut.
    """
    try:
        model = factory()
    except RAISED as error:
        raise TaskError(f"The factory {path} raised {said(error)}.") from error
    if not isinstance(model, nn.Module):
        raise TaskError(f"The factory {path} must return a torch.nn.Module; it returned {type(model).__name__}.")
    if reason := unusable(model):
        raise TaskError(f"The factory {path} returned a {reason}.")
    return in_eval_mode(model)


def in_eval_mode(model: nn.Module) -> nn.Module:
    """Set the network to eval mode and return it.

    Raises:
        TaskError: it refuses.
    """
    try:
        return model.eval()
    except RAISED as error:
        raise TaskError(
            f"The network's eval() raised {said(error)}; it is measured in eval mode, so let it leave eval() and "
            "train() as torch.nn.Module has them."
        ) from error


def inside(model: nn.Module) -> nn.Module:
    """Return the network that ``DataParallel``, ``torch.compile`` and their like run; any other is itself."""
    while (attribute := WRAPPERS.get(type(model).__name__)) is not None:
        model = getattr(model, attribute)
    return model


def unusable(model: nn.Module) -> str:
    """Say what of a network cannot be worked with, and what to give instead; nothing where all can."""
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        return (
            "TorchScript program, which cannot be cut; give the network's own class, or export it with torch.export "
            "and give the .pt2 file"
        )
    for path, module in model.named_modules():
        if (kind := type(module).__name__) in WRAPPERS:
            where = f" at {path}" if path else ""
            return f"network inside of {kind}{where}; give the one inside, which is its .{WRAPPERS[kind]}"
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    if names := [name for name, tensor in tensors.items() if is_lazy(tensor)]:
        return (
            f"network that does not know the sizes of {listed(names)} yet; run it once, on any input, before "
            "it is opened"
        )
    if names := [name for name, tensor in tensors.items() if tensor.device.type != "cpu"]:
        return (
            f"network with {listed(names)} on the device {tensors[names[0]].device.type!r}; give it on the CPU, "
            "where its numbers are"
        )
    if names := [name for name, tensor in tensors.items() if tensor.layout != torch.strided]:
        return f"network whose {listed(names)} is no dense tensor; make it one, as with .to_dense()"
    state = model.state_dict()
    if names := [name for name, value in state.items() if not isinstance(value, Tensor) or value.is_quantized]:
        return (
            f"network whose state holds {listed(names)}, which is no plain tensor; if it was quantised, give it as "
            "it was before, and quantise it here"
        )
    return ""
