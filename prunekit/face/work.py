"""Work for the one compute worker, waited for from a script or a notebook.

Screen, script and notebook of a process share the worker, so a script can measure while a recovery that somebody
started on the screen is under way.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from prunekit.engine import State, Ticket
from prunekit.engine.shared import worker
from prunekit.errors import PrunekitError
from prunekit.face.progress import Share, bar

R = TypeVar("R")

OWNER = "desk"
TICK = 0.1
"""Seconds between two looks at how far the work is."""


class _Work(Generic[R]):
    """Steps that remember the very error they raise; a ticket keeps its text only."""

    def __init__(self, steps: Callable[[], Iterable[R | None]]) -> None:
        self.steps = steps
        self.error: BaseException | None = None

    def __call__(self) -> Iterator[R | None]:
        try:
            yield from self.steps()
        except GeneratorExit:
            raise
        except BaseException as error:
            self.error = error
            raise


def long(
    label: str, steps: Callable[[], Iterable[R | None]], share: Share | None = None, *, progress: bool = True
) -> tuple[R, ...]:
    """Run long work in turn with other long work and return its records.

    Ctrl+C stops it between two records; what it stored by then stays.

    Args:
        label: what a person calls it.
        steps: makes the records, on the worker's thread.
        share: how much of it is done.
        progress: whether to show a bar.

    Raises:
        PrunekitError: it was cancelled, by the screen or by another thread; whatever the work raises passes through.
    """
    work = _Work(steps)
    return _waited(worker().job(OWNER, label, work), work, label, share, progress)


def short(
    label: str, steps: Callable[[], Iterable[R | None]], share: Share | None = None, *, progress: bool = True
) -> R:
    """Run a reading, which steps in between the steps of long work, and return its last record; see ``long``."""
    work = _Work(steps)
    return _waited(worker().reading(object(), work), work, label, share, progress)[-1]


def call(function: Callable[[], R]) -> R:
    """Run one function on the worker's thread and return what it returns, or raise what it raises."""
    return worker().call(function)


def _waited(ticket: Ticket[R], work: _Work[R], label: str, share: Share | None, progress: bool) -> tuple[R, ...]:
    try:
        with bar(label, share, progress) as show:
            snapshot = ticket.wait(TICK)
            while not snapshot.finished:
                show(snapshot.done, snapshot.latest)
                snapshot = ticket.wait(TICK)
    except KeyboardInterrupt:
        ticket.cancel()
        ticket.wait()
        raise
    if work.error is not None:
        raise work.error
    if snapshot.state is not State.DONE:
        raise PrunekitError(f"The {label} was {snapshot.state} before its end; start it again.")
    return snapshot.records
