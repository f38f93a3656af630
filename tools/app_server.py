"""Starts the app as a newcomer does, for browser tests and benchmarks."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 90.0  # seconds: a loaded machine that imports everything for the first time


@contextmanager
def serving(
    workspace: Path, log: Path, root: Path = ROOT, task: str | None = None, port: int | None = None
) -> Iterator[str]:
    """Run ``streamlit run app.py`` until the block ends.

    Args:
        workspace: folder the app keeps its history in.
        log: file that takes what the server prints.
        root: folder of the app.
        task: what it opens first, as ``make app TASK=…`` gives it.
        port: where it answers; a free one for ``None``.

    Yields:
        The app's address, once the server answers.

    Raises:
        RuntimeError: the server ended or did not answer in time; the text holds its log.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "PRUNEKIT_WORKSPACE": str(workspace), "NO_COLOR": "1"}
    environment.pop("PRUNEKIT_TASK", None)
    if task is not None:
        environment["PRUNEKIT_TASK"] = task
    with answering(command, port, log, root, environment) as address:
        yield address


@contextmanager
def answering(
    command: Sequence[str], port: int, log: Path, folder: Path, environment: Mapping[str, str]
) -> Iterator[str]:
    """Run a command that serves the app until the block ends.

    Args:
        command: what to run.
        port: where it will answer.
        log: file that takes what it prints.
        folder: where it is run.
        environment: its environment variables.

    Yields:
        The app's address, once the server answers.

    Raises:
        RuntimeError: the server ended or did not answer in time; the text holds its log.
    """
    with log.open("w") as output:
        # A session of its own, so that ending it also ends the workers it started.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(process, address, log)
        yield address
    finally:
        _end(process)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise RuntimeError(f"The app did not answer at {address}; its log says:\n{log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for ending in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, ending)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
