"""What a verb meets that nobody foresaw, and letters that a terminal does not know."""

import os
import subprocess
import sys

import pytest

from prunekit import cli
from prunekit.cli import inspecting
from prunekit.store.unforeseen import VARIABLE


def test_a_verb_says_one_sentence_names_its_log_and_ends_with_1(tmp_path, monkeypatch, capsys):
    def fail(options):
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(inspecting, "_inspect", fail)
    assert cli.main(["inspect", "resnet8", "--workspace", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    (log,) = (tmp_path / "logs").iterdir()
    assert str(log) in said
    assert "ZeroDivisionError: nobody thought of it" in log.read_text()


def test_without_the_net_it_passes_through(tmp_path, monkeypatch):
    monkeypatch.setattr(inspecting, "_inspect", lambda options: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["inspect", "resnet8", "--workspace", str(tmp_path)])


def test_a_terminal_that_knows_no_letters_beyond_ascii_gets_the_others_escaped(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "prunekit", "history", "naïve×", "--workspace", str(tmp_path)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
    assert b"na\\xefve\\xd7" in ended.stderr
