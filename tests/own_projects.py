"""Small projects of one's own, of the kinds that the bundled tasks are not."""

from pathlib import Path

import numpy as np
import torch

SOURCE = """from torch import nn


class Fixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.conv = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 4, 3, stride=2, padding=1)
        self.fc = nn.Linear(4 * 16, 3)

    def forward(self, x):
        return self.fc(self.conv(self.stem(x).relu()).relu().view(-1, 64))


def plain():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)
    )


def pixels():
    return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 3, 1))
"""
KINDS = ("graph", "program", "pixels")
"""What only the graph can shrink, a program without its source, a class for every pixel."""


def write_own(folder: Path, kind: str) -> str:
    """Write a project with random weights and samples, and return its path."""
    (folder / "nets.py").write_text(SOURCE)
    draw = np.random.default_rng(0)
    shape = (50, 8, 8) if kind == "pixels" else (50,)
    np.savez(folder / "data.npz", X=draw.random((50, 1, 8, 8), dtype=np.float32), y=draw.integers(0, 3, shape))
    made = {"graph": 'factory = "nets.py:Fixed"', "pixels": 'factory = "nets.py:pixels"'}
    if kind == "program":
        scope: dict = {}
        exec(SOURCE, scope)
        batch = ({0: torch.export.Dim("batch", min=1)},)
        program = torch.export.export(scope["plain"]().eval(), (torch.zeros(2, 1, 8, 8),), dynamic_shapes=batch)
        torch.export.save(program, folder / "net.pt2")
        made["program"] = 'program = "net.pt2"'
    project = folder / "prunekit.toml"
    project.write_text(f'name = "own"\n{made[kind]}\ndata = "data.npz"\nclasses = ["a", "b", "c"]\n')
    return str(project)
