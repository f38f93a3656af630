import pytest
import torch
from torch import nn

from prunekit import verbs
from prunekit.cli import main
from prunekit.graph import structure_of
from prunekit.store import Workspace
from prunekit.tasks.checkpoint import digest
from prunekit.tasks.task import Data, Split, Task


def two_layers() -> nn.Module:
    """A network without anything between its first layer and its last."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).eval()


@pytest.fixture
def short(tmp_path, monkeypatch):
    split = Split(torch.randn(20, 4, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 2)
    net, data = two_layers(), Data(split, None, lambda epoch: split, ("a", "b"))
    task = Task("short", "Short", net, two_layers, f"{__file__}:two_layers", data)
    opened = verbs.Opened(task, structure_of(net, task.example), digest(net), Workspace(tmp_path / "ws"))
    monkeypatch.setattr("prunekit.verbs.open_task", lambda *_, **__: opened)
    return opened


@pytest.mark.parametrize("arguments", ["evaluate short --bits 4", "scan short --kind bits", "plan short --kind bits"])
def test_bits_of_inner_layers_that_are_not_there_are_refused(short, capsys, arguments):
    assert main((*arguments.split(), *(("--target", "bytes=0.9") if "plan" in arguments else ()))) == 2
    assert "no layer between its first and its last; name those to quantise: 0, 2." in capsys.readouterr().err
    assert verbs.scan_bits_size(short) == 0


def test_bits_of_activations_want_bits_of_weights(short, capsys):
    assert main(("evaluate", "short", "--activation-bits", "8")) == 2
    assert "--activation-bits is of what quantised layers read" in capsys.readouterr().err
    assert main(("evaluate", "short", "--activation-bits", "8", "--bits", "2=8")) == 0


def test_a_plan_of_bits_may_round_activations(opened, monkeypatch, capsys):
    monkeypatch.setattr("prunekit.verbs.open_task", lambda *_, **__: opened)
    assert main("plan tiny --kind bits --target bytes=0.9 --activation-bits 8 --json".split()) == 0
    assert '"activation_bits": 8' in capsys.readouterr().out
