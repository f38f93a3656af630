"""Takes a picture of everything about a network that nobody may change."""

from contextlib import contextmanager

import torch
from torch import nn


def picture(model: nn.Module):
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_state_dict_hooks")
    return {
        "values": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "modes": {name: module.training for name, module in model.named_modules()},
        "buffers": sorted(name for name, _ in model.named_buffers()),
        "hooks": {name: [len(getattr(module, kind)) for kind in hooks] for name, module in model.named_modules()},
        "momenta": {name: getattr(module, "momentum", None) for name, module in model.named_modules()},
        "flags": {name: parameter.requires_grad for name, parameter in model.named_parameters()},
        "grads": {name: parameter.grad for name, parameter in model.named_parameters()},
        "random": torch.get_rng_state(),
        "threads": torch.get_num_threads(),
        "grad_mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
    }


def same(before, after) -> bool:
    values = before.pop("values"), after.pop("values")
    random = before.pop("random"), after.pop("random")
    return (
        before == after
        and values[0].keys() == values[1].keys()
        and all(torch.equal(values[0][name], values[1][name]) for name in values[0])
        and torch.equal(*random)
    )


@contextmanager
def untouched(model: nn.Module):
    """Assert that a block leaves a network, the random generator, threads and grad modes as they were."""
    before = picture(model)
    yield
    assert same(before, picture(model))


class Raising(nn.Module):
    """A network that draws a random number, then fails."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.bn = nn.BatchNorm2d(3)
        self.bn.eval()

    def forward(self, x):
        torch.rand(1)
        self.bn(x)
        raise ValueError("no such luck")
