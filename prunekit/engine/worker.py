"""The worker: one thread that owns torch and does all work on models, one step at a time.

Work is a callable that returns an iterator of records; each record is a step. Between any two
steps the worker chooses again: work that must be closed first, then readings in turn, then the
first job of the queue. So a reading waits for at most one step of any job.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

from prunekit.engine.snapshot import State
from prunekit.engine.ticket import Ticket
from prunekit.errors import PrunekitError
from prunekit.program.allocator import keep_freed_memory

R = TypeVar("R")

KEPT_JOBS = 32  # finished jobs that can still be looked up

_CLOSED = "The compute worker is closed; start the app again."


class Worker:
    """One compute thread; every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self._superseded: deque[Ticket[Any]] = deque()
        self._readings: dict[Hashable, Ticket[Any]] = {}  # the first is next
        self._jobs: deque[Ticket[Any]] = deque()  # the first runs
        self._known: dict[str, Ticket[Any]] = {}  # jobs by id, in the order they were submitted
        self._thread = threading.Thread(target=self._run, name="prunekit-worker", daemon=True)
        self._thread.start()

    def reading(self, key: Hashable, steps: Callable[[], Iterable[R | None]]) -> Ticket[R]:
        """Submit a reading: it runs between two steps of any job, and supersedes an older one of the same key.

        Args:
            key: names what is read and for whom, such as a session's desk; keys take turns, step by step.
            steps: makes the iterator of records; the ticket holds the latest record only.

        Raises:
            PrunekitError: the worker is closed.
        """
        ticket = Ticket(steps, keep=1)
        with self._changed:
            self._check_open()
            older = self._readings.get(key)
            self._readings[key] = ticket  # in the older one's place, so that frequent submitting changes no turn
            if older is not None:
                older.stop(State.SUPERSEDED)
                self._superseded.append(older)
            self._changed.notify()
        return ticket

    def job(
        self, owner: str, label: str, steps: Callable[[], Iterable[R | None]], total: int | None = None
    ) -> Ticket[R]:
        """Submit a job: jobs run one at a time, first come first served.

        Args:
            owner: who submits it.
            label: what a person calls it.
            steps: makes the iterator of records; the ticket holds all of them.
            total: how many records it will yield, where that is known.

        Raises:
            PrunekitError: the worker is closed.
        """
        ticket = Ticket(steps, owner, label, total)
        with self._changed:
            self._check_open()
            self._jobs.append(ticket)
            self._known[ticket.id] = ticket
            finished = [known.id for known in self._known.values() if known.finished]
            for old in finished[: max(0, len(finished) - KEPT_JOBS)]:
                del self._known[old]
            self._changed.notify()
        return ticket

    def jobs(self, owner: str | None = None) -> tuple[Ticket[Any], ...]:
        """Return the jobs of an owner, or of everybody, in the order they were submitted, the lately finished too."""
        with self._changed:
            return tuple(job for job in self._known.values() if owner in (None, job.owner))

    def find(self, job_id: str) -> Ticket[Any] | None:
        """Return a job by its id, or ``None`` where it is unknown or finished long ago."""
        with self._changed:
            return self._known.get(job_id)

    def call(self, function: Callable[[], R]) -> R:
        """Run one function on the worker's thread, in turn with the readings, and return what it returns.

        Raises:
            PrunekitError: the worker is closed; whatever the function raises passes through.
        """
        if threading.current_thread() is self._thread:
            return function()  # it has its turn already; waiting for another would never end
        answer: Future[R] = Future()

        def steps() -> Iterable[None]:
            try:
                answer.set_result(function())
            except BaseException as error:
                answer.set_exception(error)
            return ()

        self.reading(object(), steps).wait()
        if not answer.done():
            raise PrunekitError(_CLOSED)
        return answer.result()

    def close(self) -> None:
        """Cancel everything, let the step under way end, and end the thread; closing twice is the same."""
        with self._changed:
            self._closed = True
            for ticket in (*self._readings.values(), *self._jobs):
                ticket.cancel()
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _check_open(self) -> None:
        if self._closed:
            raise PrunekitError(_CLOSED)

    def _run(self) -> None:
        keep_freed_memory()
        while (ticket := self._next()) is not None:
            ticket.step()

    def _next(self) -> Ticket[Any] | None:
        with self._changed:
            while (ticket := self._choose()) is None and not self._closed:
                self._changed.wait()
            return ticket

    def _choose(self) -> Ticket[Any] | None:
        if self._superseded:
            return self._superseded.popleft()
        while self._jobs and self._jobs[0].finished:
            self._jobs.popleft()
        if self._jobs and self._jobs[0].stopping:
            return self._jobs[0]
        while self._readings:
            key = next(iter(self._readings))
            ticket = self._readings.pop(key)
            if not ticket.finished:
                self._readings[key] = ticket  # the last in the next round
                return ticket
        return self._jobs[0] if self._jobs else None
