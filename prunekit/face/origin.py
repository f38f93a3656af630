"""Where a person's network was and in which mode, so that a smaller one is given back alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class Origin:
    """What a copy for the desk loses of a network.

    Attributes:
        device: where its tensors are; ``None`` where they are in several places, or there are none.
        modes: module path → whether the module trains.
    """

    device: torch.device | None
    modes: Mapping[str, bool]

    def give_back(self, model: nn.Module) -> nn.Module:
        """Bring a network that was cut to where the person's is, in the same modes."""
        whole = self.modes[""]
        for path, module in model.named_modules():
            module.training = self.modes.get(path, whole)
        return model if self.device is None else model.to(self.device)


def origin_of(model: nn.Module) -> Origin:
    """Note where a network is and in which modes."""
    devices = {tensor.device for tensor in chain(model.parameters(), model.buffers())}
    modes = {path: module.training for path, module in model.named_modules()}
    return Origin(devices.pop() if len(devices) == 1 else None, modes)
