import pytest
import torch

from prunekit import verbs
from prunekit.graph import structure_of
from prunekit.store import Workspace
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Data, Split, Task
from tests.nets import example, make


def split(n: int, seed: int) -> Split:
    targets = torch.randint(4, (n,), generator=torch.Generator().manual_seed(seed))
    return Split(example("residual", n, seed), targets)


@pytest.fixture
def opened(tmp_path):
    data = Data(split(60, 1), split(40, 2), lambda epoch: split(128, 10 + epoch), ("a", "b", "c", "d"))
    net = make("residual")
    task = Task("tiny", "Tiny", net, lambda: make("residual", 5), "tests.nets:Residual", data)
    return verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path / "ws"))
