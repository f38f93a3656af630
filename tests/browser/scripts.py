"""A running script of a person's own, which does what a test tells it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.app_server import ROOT

SCRIPT = Path(__file__).with_name("own_script.py")


class Script:
    """A running script, and what it said first."""

    def __init__(self, process: subprocess.Popen[str]):
        self.process = process
        self.said = self._line()

    def tell(self, word: str) -> dict:
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> dict:
        line = self.process.stdout.readline()
        assert line, "the script has ended"
        return json.loads(line)


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Script]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment.pop("PRUNEKIT_TASK", None)
    with (folder / "errors").open("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder / "workspace"), *arguments],
            cwd=folder,  # not the checkout, whose settings Streamlit would find there
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield Script(process)
            process.stdin.close()
            assert process.wait(60) == 0
            errors.seek(0)
            assert errors.read() == ""
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
