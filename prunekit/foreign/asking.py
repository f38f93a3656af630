"""The way from this process to the one that reads, and back."""

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunekit.errors import PrunekitError
from prunekit.foreign.limits import MEMORY
from prunekit.foreign.request import size_of
from prunekit.scratch import scratch_folder

LONGEST_HEAD = 1 << 26
"""Bytes of JSON in an answer: what a file with the most tensors gives."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a reader found.

    Attributes:
        head: what it says, plain values.
        data: the bytes it goes with, the caller's own to change; empty where they are the file's own.
    """

    head: dict[str, Any]
    data: bytearray


def ask(
    kind: str,
    source: Path | bytes | Sequence[Path],
    label: str,
    error: type[PrunekitError],
    **options: Any,
) -> Answer:
    """Have a file read in a child process.

    Args:
        kind: the reader's name.
        source: a path, several, or a file's bytes.
        label: what the file is called in an error.
        error: the class of that error.
        options: what the reader wants to know beside, plain values.

    Raises:
        PrunekitError: of the given class: it cannot be read, is damaged, holds what it should not, or takes more time
            or memory than a file of its size may.
    """
    with scratch_folder("prunekit-read") as folder:
        paths = [source] if isinstance(source, Path) else source
        if isinstance(paths, bytes):
            (folder / "file").write_bytes(paths)
            paths = [folder / "file"]
        try:
            size = sum(size_of(path) for path in paths)
        except OSError as failed:
            raise error(f"{label} cannot be read: {failed.strerror}.") from None
        question = {"kind": kind, "paths": [str(path.absolute()) for path in paths], "size": size, "label": label}
        status = _SERVER.ask({**question, "options": options, "folder": str(folder)})
        return _answer(folder, status, MEMORY + 3 * size, label, error)


def _answer(folder: Path, status: str, most: int, label: str, error: type[PrunekitError]) -> Answer:
    """Read what the child left; it is as little to be trusted as the file."""
    head, data = folder / "head", folder / "data"
    if (folder / "at").exists():  # one of several files
        label = f"{label} {(folder / 'at').read_text(errors='replace')[:200]}"
    if status != "done":
        raise error(f"{label} {status}; it is refused.")
    if not head.exists() or head.stat().st_size > LONGEST_HEAD or (data.exists() and data.stat().st_size > most):
        raise error(f"{label} cannot be read: the process that reads it left no answer.")
    said = json.loads(head.read_text())
    if "refused" in said:
        raise error(str(said["refused"]))
    content = bytearray(data.stat().st_size if data.exists() else 0)
    if content:
        with data.open("rb") as file:
            file.readinto(content)
    return Answer(said, content)


class _Server:
    """The process that forks a child for every file; it starts with the first, and ends with this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def ask(self, question: dict[str, Any]) -> str:
        """Send a question and return how its child ended."""
        with self._lock:
            for _ in range(2):  # the server itself may have been ended by somebody
                process = self._running()
                try:
                    assert process.stdin is not None
                    assert process.stdout is not None
                    process.stdin.write(json.dumps(question) + "\n")
                    process.stdin.flush()
                    if said := process.stdout.readline().strip():
                        return said
                except OSError:
                    pass
                self._end()
            return "ended the process that reads files"

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None or self._owner != os.getpid():
            here = str(Path(__file__).resolve().parents[2])
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])}
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "prunekit.foreign.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env={**environment, "OPENBLAS_NUM_THREADS": "1"},
            )
            self._owner = os.getpid()
        return self._process

    def _end(self) -> None:
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.communicate()
        self._process = None


_SERVER = _Server()
atexit.register(_SERVER._end)
