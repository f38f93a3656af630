"""Latency: the dense network and another one timed in turns, in a process of their own."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from time import monotonic
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.errors import LatencyError
from prunekit.objectives.intervals import median_interval
from prunekit.records import Latency, Timing
from prunekit.scratch import scratch_folder
from prunekit.timing.stopwatch import Round, Times

LEAST = 6
"""Rounds before which no interval of a median exists."""
ROUNDS = 40
SECONDS = 4.0


def latency(
    dense: nn.Module,
    candidate: nn.Module,
    inputs: Tensor,
    *,
    threads: int = 1,
    recipe: str = "",
    code: str = "",
    needs: Sequence[str] = (),
    rounds: int = ROUNDS,
) -> Iterator[Latency]:
    """Time two networks in turns until there are enough rounds, or until the time is up.

    When it ends does not depend on what was found: stopping at the first significant difference
    would find one too often.

    Args:
        dense: the network to compare with; it is not changed.
        candidate: the other network; it is not changed.
        inputs: one batch ``(batch, …)``.
        threads: threads a forward pass may use.
        recipe: digest of the recipe that made the candidate.
        code: ``module:function`` or ``file.py:function`` whose module defines the networks' classes.
        needs: modules that running the networks imports, whose memory is not theirs.
        rounds: how many rounds are enough, at least 6.

    Yields:
        The latency after 6 rounds and after each further one; the last is final.

    Raises:
        LatencyError: no batch, no thread, or a network that another process cannot load or run.
    """
    if len(inputs) < 1 or threads < 1:
        raise LatencyError(f"Latency needs a batch and threads of at least 1; given {len(inputs)} and {threads}.")
    measured: list[Round] = []
    with _stopwatch(dense, candidate, inputs, threads, code, needs) as ask:
        memory = ask("memory")  # the first answer waits for the process to start

        def time_once() -> Round:
            return Round(*(Times(*times) for times in ask("round")))

        measured.append(time_once())
        end = monotonic() + SECONDS
        while len(measured) < LEAST or (len(measured) < rounds and monotonic() < end):
            measured.append(time_once())
            if len(measured) >= LEAST:
                yield summary(measured, recipe, len(inputs), threads, memory)


def summary(
    rounds: Sequence[Round], recipe: str, batch: int, threads: int, memory: Sequence[int | None] = (None, None)
) -> Latency:
    """Return what rounds say together.

    Args:
        rounds: at least two.
        recipe: digest of the recipe that made the candidate.
        batch: inputs in one forward pass.
        threads: threads a forward pass may use.
        memory: most bytes that the dense network and the candidate took.
    """
    clock = "cpu" if threads == 1 else "wall"
    ratios = [getattr(pair.dense, clock) / getattr(pair.candidate, clock) for pair in rounds]
    return Latency(
        recipe=recipe,
        batch=batch,
        threads=threads,
        rounds=len(rounds),
        dense=_timing([pair.dense for pair in rounds], memory[0]),
        candidate=_timing([pair.candidate for pair in rounds], memory[1]),
        clock=clock,
        speedup=median(ratios),
        interval=median_interval(ratios),
    )


def _timing(times: Sequence[Times], memory: int | None) -> Timing:
    wall, cpu = [time.wall for time in times], [time.cpu for time in times]
    return Timing(median(wall), _quartiles(wall), median(cpu), _quartiles(cpu), memory)


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    first, _, third = quantiles(values, n=4, method="inclusive")
    return first, third


@contextmanager
def _stopwatch(
    dense: nn.Module, candidate: nn.Module, inputs: Tensor, threads: int, code: str, needs: Sequence[str]
) -> Iterator[Callable[[str], Any]]:
    """Start the other process and hand out what asks it for a round, or for the memory that the networks take."""
    with scratch_folder("prunekit-latency") as name:
        folder = Path(name)  # nobody else can read or write here
        errors = folder / "errors"
        for stem, what in (("dense", dense), ("candidate", candidate), ("inputs", inputs.clone())):
            _store(what, folder / f"{stem}.pt")
        # The modules of its classes are no network's memory either: one that imports much would look large.
        classes = {type(part).__module__ for network in (dense, candidate) for part in network.modules()}
        job = json.dumps({"folder": str(folder), "code": code, "needs": sorted({*needs, *classes}), "threads": threads})
        # What can be imported here can be imported there.
        paths = os.pathsep.join(filter(None, sys.path))
        with errors.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "prunekit.timing.stopwatch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": str(threads)},
            )
        assert process.stdin is not None
        assert process.stdout is not None
        say, hear = process.stdin, process.stdout

        def ask(what: str) -> Any:
            try:
                print(what, file=say, flush=True)
                answer = hear.readline()
            except BrokenPipeError:
                answer = ""
            if not answer:
                raise LatencyError(f"The network cannot be timed in another process: {_last_line(errors.read_text())}.")
            return json.loads(answer)

        try:
            print(job, file=say)
            yield ask
        finally:
            process.kill()  # nobody asks any more
            with suppress(BrokenPipeError):
                say.close()
            hear.close()
            process.wait()


def _store(what: nn.Module | Tensor, path: Path) -> None:
    try:
        torch.save(what, path)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise LatencyError(
            f"The network cannot be sent to another process ({_last_line(str(error))}); "
            "define its class and its functions at the top of a module."
        ) from error


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1].rstrip(".")
