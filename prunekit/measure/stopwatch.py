"""The process that times two networks in turns: ``python -m prunekit.measure.stopwatch``.

Its first line of standard input is a job, ``{"networks": path, "code": module:function, "threads": n}``; each further
line asks for one round, which it answers with one JSON line. Between two rounds it does nothing, so whoever asks
shares no processor with it.
"""

import gc
import json
import math
import os
import sys
from collections.abc import Iterator
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


def main() -> None:
    """Read the job, then time as often as asked."""
    job = json.loads(sys.stdin.readline())
    # Other people's code may print; the rounds alone go to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    torch.set_num_threads(job["threads"])
    if job["code"]:
        import_function(job["code"])  # a class from somebody's file has to be there before its object is read
    # The caller wrote this file a moment ago into a folder that is its own, so reading objects is safe.
    stored = torch.load(job["networks"], weights_only=False)
    timing = rounds(stored["dense"].eval(), stored["candidate"].eval(), stored["inputs"])
    gc.disable()
    for _ in sys.stdin:
        print(json.dumps(next(timing)), file=answers, flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # everything is said and flushed; torch takes seconds to tear down
