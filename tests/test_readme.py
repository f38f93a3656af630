"""The README's examples run and print what the README says."""

import re
import shlex
import subprocess
import sys

import pytest

from tests.printed import same
from tools.app_server import ROOT

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.mark.slow
def test_the_python_lines_print_what_they_say(folder):
    script = "\n".join(blocks("python"))  # one goes on from the other, as in a notebook
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = re.findall(r"^print.*?  # (.*)$", script, re.MULTILINE)
    assert shown
    assert same(done.stdout, "\n".join(shown)), done.stdout


YOURS = """
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
x, x_val = torch.randn(256, 6), torch.randn(100, 6)
y, y_val = (x.sum(1) > 0).long(), (x_val.sum(1) > 0).long()
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))

def train_as_you_always_do(network):
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(network(x), y).backward()
        optimizer.step()

train_as_you_always_do(model)
"""
"""What the first lines of the README take for granted: a module, its arrays, and a training loop."""
ENDED = """
with torch.no_grad():
    right = int((small.eval()(x_val).argmax(1) == y_val).sum())
assert run.record.readings[-1].correct == right
print("macs", run.evaluation.cost.macs)
"""


@pytest.mark.slow
def test_the_first_lines_run_on_a_network_of_ones_own(folder):
    (lines,) = blocks("py")
    script = "\n".join([YOURS, lines, ENDED])
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) <= (6 * 16 + 16 * 2) / 2  # MACs of the two linear layers, halved
    assert (folder / "smaller" / "manifest.json").exists()


@pytest.mark.slow
def test_what_the_table_says_to_do_can_be_done(folder):
    table = README[README.index("| You have |") : README.index("With Python 3.11")]
    commands = re.findall(r"`prunekit ((?:evaluate|inspect) [^`]+)`", table)
    assert len(commands) == 2
    for command in commands:
        line = [sys.executable, "-m", "prunekit", *command.split()]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_command_lines_print_what_they_say(folder):
    commands = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(blocks("console")), re.MULTILINE)
    assert commands
    for command, shown in commands:
        line = re.sub(r"^prunekit\b", f"{shlex.quote(sys.executable)} -m prunekit", command)
        done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert same(done.stdout, shown), done.stdout
