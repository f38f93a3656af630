"""The points of a scan: the same stream of steps, whether this process or others measure them.

Where the measuring takes long enough to pay for their start, processes of one thread each measure a
part of the groups or layers; otherwise this process measures them all.
"""

import os
import pickle
import time
from collections.abc import Collection, Generator, Iterator
from multiprocessing.connection import wait
from typing import Any

from prunekit.engine.process import END, FAILED, READY
from prunekit.engine.shard import Shard, divide
from prunekit.records import Point
from prunekit.search.bench import Bench
from prunekit.search.pace import expected
from prunekit.search.question import Question, Steps
from prunekit.search.scan import exact, scan, within

PAYS = 10.0
"""Seconds that a scan has to take, before processes are started for it: two were 4.3 s later with their first point,
and from there on 1.8 times as fast as one (2 cores, resnet20's weights)."""
PATIENCE = 0.02
"""Seconds that one step waits for a process; a reading between two steps waits no longer."""
DEATHS = 3
"""A part whose processes have died so often is measured here."""


def points(
    bench: Bench, half_width: float | None = None, known: Collection[Point] = (), workers: int | None = None
) -> Steps:
    """Measure the cells of a question.

    The processes work only while the stream is read, so that the reader can pause them for more urgent
    work. A process that dies is replaced, and its successor continues after the last point.

    Args:
        bench: the question, and what measures it.
        half_width: how precisely each cell is measured; see ``search.scan``.
        known: points that need no measuring.
        workers: how many processes; 1 measures here, ``None`` is one for each core where it pays.

    Yields:
        Points, and ``None`` after each short stretch of work without one.
    """
    seconds = yield from _timed(bench.prepare())
    done = {(point.name, point.level) for point in known}
    remaining = [cell for cell in bench.cells.at(bench.levels) if (cell.name, cell.level) not in done]
    if workers is None:
        pays = expected(seconds, len(remaining), "exact" if half_width is None else "within") > PAYS
        workers = cores() if pays else 1
    names = [name for name in bench.cells.sizes if any(cell.name == name for cell in remaining)]
    shards = _shards(bench.question, names, half_width, known, workers)
    if shards:
        bench.release()
        yield from _apart(shards, half_width)
    else:
        yield from exact(bench, known) if half_width is None else within(bench, half_width, known)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shards(
    question: Question, names: Collection[str], half_width: float | None, known: Collection[Point], workers: int
) -> list[Shard]:
    """Start processes; none where there is nothing to divide, or a network that cannot be sent."""
    shards: list[Shard] = []
    if min(workers, len(names)) < 2 or os.name != "posix":
        return shards
    try:
        for part in divide(question, names, workers):
            own = [point for point in known if point.name in (part.names or ())]
            shards.append(Shard(part, half_width, own))
    except (OSError, pickle.PicklingError, AttributeError, TypeError):
        for shard in shards:
            shard.close()
        shards.clear()
    return shards


def _apart(shards: list[Shard], half_width: float | None) -> Steps:
    """Pass on the steps of processes, and measure here the parts that they cannot."""
    try:
        while shards:
            pipes = {shard.pipe: shard for shard in shards}
            for pipe in wait(list(pipes), PATIENCE):
                yield from _next(pipes[pipe], shards, half_width)  # type: ignore[index]
            yield None
    finally:
        for shard in shards:
            shard.close()


def _next(shard: Shard, shards: list[Shard], half_width: float | None) -> Steps:
    """Pass on the next step of one process, and let it continue once that step was taken."""
    try:
        message = shard.receive()
    except EOFError:
        if shard.deaths < DEATHS:
            shard.restart()
            return
        message = FAILED
    if message == FAILED:
        yield from scan(shard.question, half_width, shard.known)
    if message in (FAILED, END):
        shards.remove(shard)
        shard.close()
    elif message != READY:
        yield message
        shard.go_on()


def _timed(steps: Iterator[Any]) -> Generator[None, None, float]:
    """Pass steps on, and return the seconds that were spent in them."""
    spent, more = 0.0, True
    while more:
        begun = time.perf_counter()
        more = next(steps, "end") != "end"
        spent += time.perf_counter() - begun
        yield
    return spent
