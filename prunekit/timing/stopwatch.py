"""The process that times two networks in turns: ``python -m prunekit.timing.stopwatch``.

Its first line of standard input is a job, ``{"folder": path, "code": module:function, "needs": [module], "threads":
n}``; each further line asks for ``memory``, at first, or for one ``round``, and is answered with one JSON line. Between
two answers it does nothing, so whoever asks shares no processor with it.
"""

import gc
import json
import math
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import torch
from torch import Tensor, nn

from prunekit.tasks.functions import import_function

WARM_UP = 3
BLOCK_SECONDS = 0.01
"""A network that answers sooner is called several times before the clocks are read."""


class Times(NamedTuple):
    """Seconds one forward pass took."""

    wall: float
    cpu: float


class Round(NamedTuple):
    """Both networks, timed one right after the other."""

    dense: Times
    candidate: Times


def rounds(dense: nn.Module, candidate: nn.Module, inputs: Tensor) -> Iterator[Round]:
    """Time two networks in turns, without end.

    Drift and disturbance then meet both alike. Which goes first changes from round to round, for
    the first finds the processor's caches in another state.

    Args:
        dense: the network to compare with, in eval mode.
        candidate: the other network, in eval mode.
        inputs: one batch ``(batch, …)``.
    """
    networks = (dense, candidate)
    calls = [_calls(network, inputs) for network in networks]
    order = (0, 1)
    while True:
        times = {which: _time(networks[which], inputs, calls[which]) for which in order}
        yield Round(times[0], times[1])
        order = order[::-1]


def _calls(network: nn.Module, inputs: Tensor) -> int:
    """Warm a network up and return how many calls fill a block."""
    quickest = min(_time(network, inputs, 1).wall for _ in range(WARM_UP))
    return max(1, math.ceil(BLOCK_SECONDS / max(quickest, 1e-6)))


def _time(network: nn.Module, inputs: Tensor, calls: int) -> Times:
    with torch.inference_mode():
        wall, cpu = perf_counter(), process_time()
        for _ in range(calls):
            network(inputs)
        return Times((perf_counter() - wall) / calls, (process_time() - cpu) / calls)


def memory(path: Path, inputs: Tensor, threads: int) -> int | None:
    """Return the most bytes that loading a network and running it takes, in a fork of this process.

    What the library takes when it computes for the first time is no network's, so a small layer runs before.

    Args:
        path: where ``torch.save`` stored the network.
        inputs: one batch ``(batch, …)``.
        threads: threads a forward pass may use; this process must not have computed on several yet.

    Returns:
        Bytes beyond those of this process, or ``None`` where it cannot fork or the network does not run.
    """
    if not hasattr(os, "fork"):
        return None
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                nn.Conv2d(8, 8, 3)(torch.zeros(1, 8, 8, 8))
                before = _most()
                network = torch.load(path, weights_only=False).eval()
                for _ in range(2):
                    network(inputs)
            os.write(writes, str(_most() - before).encode())
        finally:
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as answer:
        bytes_taken = answer.read()
    os.waitpid(child, 0)
    return int(bytes_taken) if bytes_taken else None


def _most() -> int:
    import resource  # Windows has none, and no fork

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Read the job, then measure as often as asked."""
    job = json.loads(sys.stdin.readline())
    # Other people's code may print; the rounds alone go to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if job["code"]:
        import_function(job["code"])  # a class from somebody's file has to be there before its object is read
    for module in job["needs"]:
        import_module(module)
    # The caller wrote these files a moment ago into a folder that is its own, so reading objects is safe.
    paths = [Path(job["folder"], f"{name}.pt") for name in ("dense", "candidate")]
    inputs = torch.load(Path(job["folder"], "inputs.pt"))
    timing = None
    for question in sys.stdin:
        if question == "memory\n":
            reply = json.dumps([memory(path, inputs, job["threads"]) for path in paths])
        else:
            timing = timing or _begin(paths, inputs, job["threads"])
            reply = json.dumps(next(timing))
        print(reply, file=answers, flush=True)


def _begin(paths: list[Path], inputs: Tensor, threads: int) -> Iterator[Round]:
    torch.set_num_threads(threads)
    dense, candidate = (torch.load(path, weights_only=False).eval() for path in paths)
    gc.disable()
    return rounds(dense, candidate, inputs)


if __name__ == "__main__":
    main()
    os._exit(0)  # everything is said and flushed; torch takes seconds to tear down
