"""A ticket: the handle on one piece of submitted work, from the queue to its end.

Two sides hold it. The submitter, on any thread, reads its state, waits and cancels. The worker's
thread alone calls ``step``, so the iterator belongs to that thread and needs no lock; everything
that both sides see changes under the ticket's lock, which is never held while the work itself runs.
"""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from traceback import TracebackException
from typing import Generic, TypeVar

from prunekit.engine.snapshot import Snapshot, State, estimate_left
from prunekit.errors import PrunekitError

R = TypeVar("R")

PACE_WINDOW = 24  # records the time left is estimated from


class Ticket(Generic[R]):
    """Handle on submitted work.

    Args:
        steps: makes the iterator whose every record is one step, and so is every ``None``; called on the
            worker's thread.
        owner: who submitted it.
        label: what a person calls it.
        total: how many records it will yield, where that is known.
        keep: how many of the latest records to hold; ``None`` is all of them.
    """

    def __init__(
        self,
        steps: Callable[[], Iterable[R | None]],
        owner: str = "",
        label: str = "",
        total: int | None = None,
        keep: int | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.owner = owner
        self.label = label
        self._total = total
        self._changed = threading.Condition()
        self._state = State.QUEUED
        self._asked_to_stop: State | None = None
        self._records: deque[R] = deque(maxlen=keep)
        self._done = 0
        self._times: deque[float] = deque(maxlen=PACE_WINDOW)
        self._started: float | None = None
        self._ended: float | None = None
        self._error: str | None = None
        self._traceback: str | None = None
        self._steps: Callable[[], Iterable[R | None]] | None = steps
        self._iterator: Iterator[R | None] | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing will change any more."""
        return self._state.finished

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and has not been closed yet."""
        return self._asked_to_stop is not None and not self.finished

    def cancel(self) -> None:
        """Stop the work: at once while it is queued, else before its next step."""
        self.stop(State.CANCELLED)

    def stop(self, state: State) -> None:
        """Stop the work for the reason given; the first reason stays, and a finished ticket is left alone."""
        with self._changed:
            if self._state is State.QUEUED:
                self._end(state)
            elif not self.finished and self._asked_to_stop is None:
                self._asked_to_stop = state

    def snapshot(self) -> Snapshot[R]:
        """Return how the work stands now."""
        with self._changed:
            until = time.monotonic() if self._ended is None else self._ended
            running = self._state is State.RUNNING
            return Snapshot(
                id=self.id,
                owner=self.owner,
                label=self.label,
                state=self._state,
                records=tuple(self._records),
                done=self._done,
                total=self._total,
                error=self._error,
                traceback=self._traceback,
                elapsed=0.0 if self._started is None else until - self._started,
                seconds_left=estimate_left(self._times, self._done, self._total) if running else None,
            )

    def wait(self, timeout: float | None = None) -> Snapshot[R]:
        """Wait until the work has finished or ``timeout`` seconds are over; never call this from inside the work."""
        with self._changed:
            self._changed.wait_for(lambda: self.finished, timeout)
            return self.snapshot()

    def step(self) -> None:
        """Run the work up to its next record, or close it where it was asked to stop: for the worker's thread alone."""
        with self._changed:
            if self.finished:
                return
            if self._state is State.QUEUED:
                self._state = State.RUNNING
                self._started = time.monotonic()
                self._times.append(self._started)
            reason = self._asked_to_stop
        # From here until the work has ended only this thread can end it: others just ask.
        try:
            ended = self._advance() if reason is None else self._close(reason)
        except BaseException as error:  # whatever the work raises ends the work, not the thread
            self._fail(reason or State.FAILED, error)
        else:
            if ended is not None:
                with self._changed:
                    self._end(ended)

    def _advance(self) -> State | None:
        if self._iterator is None:
            assert self._steps is not None, "a ticket that has not ended has its steps"
            self._iterator = iter(self._steps())
        for record in self._iterator:
            if record is not None:
                with self._changed:
                    self._records.append(record)
                    self._done += 1
                    self._times.append(time.monotonic())
            return None
        return State.DONE

    def _close(self, reason: State) -> State:
        close = getattr(self._iterator, "close", None)  # a generator has one, a plain iterator need not
        if close is not None:
            close()
        return reason

    def _fail(self, state: State, error: BaseException) -> None:
        expected = isinstance(error, PrunekitError)
        trace = TracebackException.from_exception(error)  # text only: frames would keep the work's tensors alive
        with self._changed:
            self._error = str(error) if expected else f"The work met an unexpected {type(error).__name__}: {trace}"
            self._traceback = None if expected else "".join(trace.format())
            self._end(state)

    def _end(self, state: State) -> None:
        self._state = state
        self._ended = time.monotonic()
        self._steps = self._iterator = None  # they may hold a model
        self._changed.notify_all()
