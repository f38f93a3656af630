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


@pytest.mark.slow
def test_the_command_lines_print_what_they_say(folder):
    commands = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(blocks("console")), re.MULTILINE)
    assert commands
    for command, shown in commands:
        line = re.sub(r"^prunekit\b", f"{shlex.quote(sys.executable)} -m prunekit", command)
        done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert same(done.stdout, shown), done.stdout
