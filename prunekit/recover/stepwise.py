"""Work that calls back, taken step by step: whoever iterates decides when it goes on, and whether."""

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import torch

Step = TypeVar("Step")


def stepwise(work: Callable[[Callable[[Step], None]], None]) -> Iterator[Step]:
    """Run work that reports steps, one step each time that the next is asked for.

    A forward pass cannot be left in its middle and entered again, but a thread that runs one can wait. It runs only
    while this iterator waits for it, so that no two threads compute at once, and leaves the random generator as it
    was. Where nobody asks for more, the work ends at the step that it has reached.

    Args:
        work: a function of what it reports its steps to.

    Yields:
        What the work reports.

    Raises:
        Exception: whatever the work raises.

    Example:
        >>> list(stepwise(lambda report: [report(n) for n in range(3)]))
        [0, 1, 2]
    """
    relay = _Relay(work)
    try:
        while relay.goes_on():
            yield relay.step
    finally:
        relay.stop()


class _Stopped(BaseException):
    """Nobody asks for more; not an Exception, so that no code on the way takes it for one of its own."""


class _Relay(Generic[Step]):
    """Two threads that take turns."""

    step: Step

    def __init__(self, work: Callable[[Callable[[Step], None]], None]) -> None:
        self._work, self._ended, self._stopped = work, False, False
        self._error: Exception | None = None
        self._ours, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name="stepwise", daemon=True)
        self._thread.start()

    def goes_on(self) -> bool:
        """Let the work run to its next step; return whether there is one."""
        with torch.random.fork_rng(devices=[]):
            self._theirs.release()
            self._ours.acquire()
        if self._error is not None:
            raise self._error
        return not self._ended

    def stop(self) -> None:
        """End the work where it stands."""
        self._stopped = True
        self._theirs.release()
        self._thread.join()

    def _run(self) -> None:
        self._theirs.acquire()
        try:
            if not self._stopped:
                self._work(self._report)
        except _Stopped:
            pass
        except Exception as error:
            self._error = error
        self._ended = True
        self._ours.release()

    def _report(self, step: Step) -> None:
        self.step = step
        self._ours.release()
        self._theirs.acquire()
        if self._stopped:
            raise _Stopped
