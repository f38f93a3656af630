"""Four classes of noisy 3×6×6 images that a tiny network learns in seconds."""

import torch

from prunekit.tasks.task import Data, Split

CLASSES = 4


def split(n: int, seed: int = 0) -> Split:
    """Image ``i`` is of class ``i % 4``: its class's own pattern in noise."""
    draw = torch.Generator().manual_seed(seed)
    patterns = torch.randn(CLASSES, 3, 6, 6, generator=torch.Generator().manual_seed(99))
    targets = torch.arange(n) % CLASSES
    return Split(patterns[targets] + torch.randn(n, 3, 6, 6, generator=draw), targets)


def data(train: int = 128, validation: int = 64) -> Data:
    return Data(split(validation, 1), split(validation, 2), lambda epoch: split(train, 10 + epoch), tuple("abcd"))


def pair(n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """The same as people hold them: ``(inputs, targets)``."""
    return (made := split(n, seed)).inputs, made.targets
