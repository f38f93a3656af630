"""The process that reads: it forks a child for every file, which has limits and whose end is all that it sees.

It imports what readers need before it forks, so that a child begins at once, and neither torch nor the rest of
PruneKit. Where a system cannot fork, a child is a process of its own.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from prunekit.foreign.limits import limit
from prunekit.foreign.refused import Refused
from prunekit.foreign.request import Request

READERS = {
    "state dict": "prunekit.foreign.state_dict:read_state_dict",
    "npz": "prunekit.foreign.npz:read_npz",
    "cifar": "prunekit.foreign.cifar:read_cifar_batches",
    "images": "prunekit.foreign.images:read_images",
    "program": "prunekit.foreign.program:read_program",
}
"""Every reader by its name: ``(request, out) → plain values``; what is written to ``out`` goes back beside them."""


def main() -> None:
    """Answer questions, one a line, until nobody asks any more."""
    if len(sys.argv) > 1:
        answer(json.loads(sys.argv[1]))
        return
    for line in sys.stdin:
        question = json.loads(line)
        importlib.import_module(READERS[question["kind"]].partition(":")[0])
        print(_forked(question) if hasattr(os, "fork") else _started(question), flush=True)


def _forked(question: dict[str, Any]) -> str:
    """Read in a forked child, and say how it ended."""
    child = os.fork()
    if not child:
        code = 1
        try:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):  # what decoders print is no answer
                os.dup2(nowhere, stream)
            answer(question)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return _in_words(-os.waitstatus_to_exitcode(status))


def _started(question: dict[str, Any]) -> str:
    """Read in a new process, and say how it ended."""
    command = [sys.executable, "-P", "-m", "prunekit.foreign.server", json.dumps(question)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return _in_words(-ended.returncode)


def _in_words(ended_by: int) -> str:
    """Say how a child ended, whose exit code was minus this."""
    if ended_by == 0:
        return "done"
    if ended_by in (getattr(signal, "SIGXCPU", -1), getattr(signal, "SIGALRM", -1)):
        return "takes longer to read than a file of its size may"
    return "cannot be read without harm"


def answer(question: dict[str, Any]) -> None:
    """Read a file in this process under its limits, and leave the answer in the folder that the question names."""
    folder = Path(question["folder"])
    module, _, name = READERS[question["kind"]].partition(":")
    read = getattr(importlib.import_module(module), name)
    limit(question["size"])
    label = question["label"]
    request = Request(tuple(map(Path, question["paths"])), question["size"], label, question["options"], folder)
    try:
        with (folder / "data").open("wb") as out:
            said = read(request, out)
    except Refused as refused:
        said = {"refused": str(refused)}
    except MemoryError:
        said = {"refused": f"{label} takes more memory to read than a file of its size may; it is refused."}
    except OSError as error:
        said = {"refused": f"{label} cannot be read: {error.strerror or type(error).__name__}."}
    except Exception as error:  # what is damaged may raise anything
        said = {"refused": f"{label} is damaged ({type(error).__name__})."}
    (folder / "head").write_text(json.dumps(said))


if __name__ == "__main__":
    main()
