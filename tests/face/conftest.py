import pytest
import torch

from prunekit.face.opening import open as open_desk
from tests.nets import example, make


def samples(n: int, seed: int):
    """Inputs with the class that the dense network says, but for every fourth, so that accuracy is neither 0 nor 1."""
    x = example("residual", n, seed)
    with torch.no_grad():
        y = make("residual")(x).argmax(1)
    y[::4] = (y[::4] + 1) % 4
    return x, y


@pytest.fixture
def desk(workspace):
    splits = {"validation": samples(60, 1), "train": samples(128, 2), "test": samples(40, 3)}
    return open_desk(make("residual"), **splits, workspace=workspace)
