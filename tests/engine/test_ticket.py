"""One ticket, stepped by hand: what the worker's thread does, without a thread."""

import pytest

from prunekit.engine import State, Ticket
from prunekit.errors import RecipeError


def test_records_are_counted_and_kept_in_order():
    ticket = Ticket(lambda: iter("abc"), owner="me", label="scan", total=3)
    queued = ticket.snapshot()
    assert (queued.state, queued.records, queued.latest, queued.done, queued.elapsed) == (
        State.QUEUED,
        (),
        None,
        0,
        0.0,
    )
    ticket.step()
    ticket.step()
    running = ticket.snapshot()
    assert (running.state, running.records, running.latest, running.done) == (State.RUNNING, ("a", "b"), "b", 2)
    assert running.seconds_left >= 0
    ticket.step()
    assert not ticket.finished
    ticket.step()
    done = ticket.snapshot()
    assert (done.state, done.done, done.total, done.seconds_left, done.error) == (State.DONE, 3, 3, None, None)
    assert (done.id, done.owner, done.label) == (ticket.id, "me", "scan")
    assert done.elapsed == ticket.snapshot().elapsed  # the clock stands still
    assert queued.records == ()  # a snapshot stays what it was


def test_a_bounded_ticket_keeps_the_latest_and_counts_all():
    ticket = Ticket(lambda: range(5), keep=1)
    for _ in range(6):
        ticket.step()
    assert (ticket.snapshot().records, ticket.snapshot().done) == ((4,), 5)


def test_work_begins_with_the_first_step_and_stops_between_two(log, free):
    ticket = Ticket(free("a", 3))
    assert log == []
    ticket.step()
    ticket.cancel()
    ticket.cancel()
    assert ticket.stopping
    assert ticket.snapshot().state is State.RUNNING
    assert log == ["a0"]
    ticket.step()
    assert not ticket.stopping
    assert ticket.snapshot().state is State.CANCELLED
    assert ticket.snapshot().records == (0,)
    ticket.step()
    assert log == ["a0", "a closed"]


def test_queued_work_that_is_stopped_never_begins(log, free):
    ticket = Ticket(free("a", 3))
    ticket.stop(State.SUPERSEDED)
    ticket.step()
    ticket.cancel()
    assert ticket.snapshot().state is State.SUPERSEDED
    assert log == []


def test_the_first_reason_to_stop_stays(free):
    ticket = Ticket(free("a", 3))
    ticket.step()
    ticket.cancel()
    ticket.stop(State.SUPERSEDED)
    ticket.step()
    assert ticket.snapshot().state is State.CANCELLED


def test_finished_work_cannot_be_cancelled():
    ticket = Ticket(lambda: ())
    ticket.step()
    ticket.cancel()
    assert ticket.snapshot().state is State.DONE
    assert not ticket.stopping


def test_plain_iterators_can_be_stopped_too():
    ticket = Ticket(lambda: [1, 2])
    ticket.step()
    ticket.cancel()
    ticket.step()
    assert ticket.snapshot().state is State.CANCELLED


def test_an_expected_error_is_its_own_sentence():
    def steps():
        yield 1
        raise RecipeError("Unknown group 'stam'; did you mean stem?")

    ticket = Ticket(steps)
    ticket.step()
    ticket.step()
    snapshot = ticket.snapshot()
    assert snapshot.state is State.FAILED
    assert snapshot.error == "Unknown group 'stam'; did you mean stem?"
    assert snapshot.traceback is None
    assert snapshot.records == (1,)


class _Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("3 channels, not 4"), "The work met an unexpected ValueError: 3 channels, not 4"),
        (SystemExit(2), "The work met an unexpected SystemExit: 2"),
        (StopIteration(), "The work met an unexpected StopIteration: "),
        (_Mute(), "The work met an unexpected _Mute: <exception str() failed>"),
    ],
)
def test_an_unexpected_error_names_its_type_and_keeps_its_traceback(error, sentence):
    def steps():  # no generator: it raises before there is an iterator
        raise error

    ticket = Ticket(steps)
    ticket.step()
    snapshot = ticket.snapshot()
    assert snapshot.state is State.FAILED
    assert snapshot.error == sentence
    assert "in steps" in snapshot.traceback


def _fails_when_closed():
    try:
        yield 1
    finally:
        raise ValueError("cannot clean up")


def _refuses_to_close():
    try:
        yield 1
    finally:
        yield 2


@pytest.mark.parametrize(
    ("steps", "told"),
    [(_fails_when_closed, "ValueError: cannot clean up"), (_refuses_to_close, "RuntimeError: generator ignored")],
)
def test_work_that_fails_while_it_is_closed_is_stopped_all_the_same_and_says_so(steps, told):
    ticket = Ticket(steps)
    ticket.step()
    ticket.cancel()
    ticket.step()
    snapshot = ticket.snapshot()
    assert snapshot.state is State.CANCELLED
    assert told in snapshot.error
    assert told in snapshot.traceback


def test_a_none_is_a_step_without_a_record():
    ticket = Ticket(lambda: iter(["a", None, "b"]), total=2)
    ticket.step()
    ticket.step()
    assert (ticket.snapshot().done, ticket.finished) == (1, False)
    ticket.step()
    ticket.step()
    assert (ticket.snapshot().records, ticket.finished) == (("a", "b"), True)
