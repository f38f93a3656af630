"""Networks that are hard on a desk, written into a folder as a project of one's own."""

from pathlib import Path

import numpy as np
import torch

SOURCE = """from torch import nn


def deep():
    layers = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU()]
    for _ in range(148):
        layers += [nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


def slow():
    wide = [nn.Conv2d(1, 64, 5, padding=2), nn.ReLU()]
    for _ in range(3):
        wide += [nn.Conv2d(64, 64, 5, padding=2), nn.ReLU()]
    return nn.Sequential(*wide, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
"""


def write_project(folder: Path, factory: str, size: int, samples: int) -> str:
    """Write a project with random weights and images, and return its path.

    Args:
        folder: where.
        factory: ``deep`` (150 layers) or ``slow`` (half a second of work for each 100 samples or so).
        size: rows and columns of an image.
        samples: images in all.
    """
    (folder / "nets.py").write_text(SOURCE)
    scope: dict = {}
    exec(SOURCE, scope)
    torch.manual_seed(0)
    torch.save(scope[factory]().state_dict(), folder / "net.pt")
    draw = np.random.default_rng(0)
    images, classes = draw.random((samples, 1, size, size), dtype=np.float32), draw.integers(0, 10, samples)
    np.savez(folder / "data.npz", X=images, y=classes)
    project = folder / "prunekit.toml"
    project.write_text(
        f'name = "{factory}"\nfactory = "nets.py:{factory}"\ncheckpoint = "net.pt"\n'
        f'input = [1, {size}, {size}]\ndata = "data.npz"\n'
    )
    return str(project)
