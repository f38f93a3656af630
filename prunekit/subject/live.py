"""Fast measuring of cut networks from remembered activations, used where it agrees with the network's own forward pass.

The fast way runs only the operations behind the first change (see ``program.live``); the slow way makes each cut
network and runs it in full.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from prunekit.errors import TaskError
from prunekit.graph import named_tensors, shrink
from prunekit.program.agreement import close
from prunekit.program.forward import run
from prunekit.program.live import Live
from prunekit.program.memory import Memory
from prunekit.program.operations import NoPlanError
from prunekit.program.outputs import finish
from prunekit.recover.recalibrate import SAMPLES, recalibrate
from prunekit.subject.opening import Opened
from prunekit.subject.remembered import remembered
from prunekit.tasks.task import Split

MEMORY_VARIABLE = "PRUNEKIT_MEMORY"
MEGABYTES = 512
"""Memory for the activations of earlier states, unless the environment sets another number of megabytes."""
CHECKS = 8
"""Samples on which the fast way is compared with the slow one."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How networks of a task are measured.

    Attributes:
        live: the fast way; ``None`` where each network's own forward pass runs.
        reason: why the fast way is not used.
    """

    live: Live | None
    reason: str = ""


@cache
def memory() -> Memory:
    """Return the memory that holds the activations of all tasks.

    Raises:
        TaskError: the environment does not give a number of megabytes.
    """
    megabytes = os.environ.get(MEMORY_VARIABLE, str(MEGABYTES))
    if not megabytes.isdecimal():
        raise TaskError(f"{MEMORY_VARIABLE} is a number of megabytes, not {megabytes!r}.")
    return Memory(int(megabytes) * 2**20)


@remembered(1)
def way_of(opened: Opened) -> Way:
    """Return how networks of a task are measured; the fast way is compared with the slow one first."""
    task, train = opened.task, opened.train_split
    calibration = None if train is None or not len(train) else train.head(SAMPLES).inputs
    samples = task.data.validation.inputs
    try:
        live = Live(task.model, opened.structure, samples[:CHECKS], calibration, len(samples), memory())
        for share in (0.5, 1.0):
            _compare(live, opened, share, samples[:CHECKS], None if calibration is None else calibration[:CHECKS])
    except NoPlanError as error:
        return Way(None, str(error))
    return Way(live)


def warm_up(opened: Opened) -> Iterator[None]:
    """Prepare the fast way, so that a first cut does not wait for it."""
    way_of(opened)
    yield


def _compare(live: Live, opened: Opened, share: float, inputs: Tensor, calibration: Tensor | None) -> None:
    """Compare both ways with a share of each group's units removed; at least one unit of each stays.

    Raises:
        NoPlanError: they differ.
    """
    gone = {group: min(group.units - 1, round(group.units * share)) for group in opened.structure.prunable}
    kept = {group.name: tuple(range(n, group.units)) for group, n in gone.items()}
    model = shrink(opened.task.model, opened.structure, kept)
    try:
        _same(live, model, kept, inputs)
        if calibration is not None:
            split = Split(calibration, torch.zeros(len(calibration), dtype=torch.long))
            expected = recalibrate(model, split)
            before = _tensors(model)
            statistics: dict[str, Tensor] = before | finish(live.statistics(before, kept, calibration))
            for name, value in _tensors(expected).items():
                if value.is_floating_point() and not close(statistics[name], value):
                    raise NoPlanError(f"it estimates {name} differently from the network's own forward pass")
            _same(live, expected, kept, inputs)
    except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
        raise NoPlanError(f"it fails: {str(error).partition(chr(10))[0]}") from error


def _same(live: Live, model: nn.Module, kept: Mapping[str, tuple[int, ...]], inputs: Tensor) -> None:
    if not close(finish(live.answer(live.state(_tensors(model), kept), inputs, None)), run(model, inputs)):
        raise NoPlanError("it answers differently from the network's own forward pass")


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach() for name, tensor in named_tensors(model)}
