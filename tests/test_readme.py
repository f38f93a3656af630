"""The README's examples run and print what the README says."""

import re
import shlex
import subprocess
import sys

import pytest

from tools.app_server import ROOT

README = (ROOT / "README.md").read_text()
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def same(printed: str, shown: str) -> bool:
    """Equal words; numbers may differ by 3 %: another processor rounds otherwise, and a few images flip."""
    numbers = [[float(n.replace(",", "")) for n in NUMBER.findall(text)] for text in (printed, shown)]
    words = [NUMBER.sub("#", text).split() for text in (printed, shown)]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], rel=0.03)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNEKIT_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.mark.slow
def test_the_python_example_prints_what_it_says(folder):
    (example,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, check=True)
    shown = re.findall(r"^print.*?  # (.*)$", example, re.MULTILINE)
    printed = done.stdout.splitlines()
    assert len(printed) == len(shown)
    assert all(same(*pair) for pair in zip(printed, shown, strict=True)), done.stdout


@pytest.mark.slow
def test_the_command_line_example_prints_what_it_says(folder):
    (session,) = blocks("console")
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE):
        line = command.replace("prunekit", f"{shlex.quote(sys.executable)} -m prunekit", 1)
        done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, check=True)
        assert same(done.stdout, shown), done.stdout
