"""How submitted work stood at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

R = TypeVar("R")


class State(StrEnum):
    """What has become of submitted work."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    FAILED = "failed"

    @property
    def finished(self) -> bool:
        """Whether it stays like this."""
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[R]):
    """How submitted work stood at one moment.

    Attributes:
        id: twelve hexadecimal digits.
        owner: who submitted it.
        label: what a person calls it.
        state: queued, running, or how it ended.
        records: what it has yielded; of a reading only the latest.
        done: how many records it has yielded.
        total: how many it will yield, where that is known.
        error: why it failed, or what went wrong when it was stopped: one sentence.
        traceback: where an unexpected error came from, for those who mend it.
        elapsed: seconds from its start until now or its end.
        seconds_left: estimate while it runs and the total is known.
    """

    id: str
    owner: str
    label: str
    state: State
    records: tuple[R, ...]
    done: int
    total: int | None
    error: str | None
    traceback: str | None
    elapsed: float
    seconds_left: float | None

    @property
    def latest(self) -> R | None:
        """The last record, or ``None`` before the first."""
        return self.records[-1] if self.records else None

    @property
    def finished(self) -> bool:
        """Whether nothing will change any more."""
        return self.state.finished


def estimate_left(times: Sequence[float], done: int, total: int | None) -> float | None:
    """Estimate the seconds left from the pace of the latest records.

    Args:
        times: seconds on any clock, of the latest records in order. Records that were stored
            earlier come in a burst; a window of the latest forgets them.
        done: records so far.
        total: records in all.

    Returns:
        Seconds, or ``None`` where there is no total or no pace yet.

    Example:
        >>> estimate_left([10.0, 11.0, 14.0], done=3, total=8)
        10.0
    """
    if total is None or len(times) < 2:
        return None
    return max(0, total - done) * (times[-1] - times[0]) / (len(times) - 1)
