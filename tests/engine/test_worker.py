"""Order, turns and endings on a real thread; gates decide who is where, never time."""

import gc
import random
import subprocess
import sys
import threading
import weakref
from contextlib import contextmanager
from pathlib import Path

import pytest

import prunekit
from prunekit.engine import State, Worker
from prunekit.engine.worker import KEPT_JOBS
from prunekit.errors import PrunekitError


@contextmanager
def _submitted(worker, monkeypatch):
    """Leave the block when another thread's reading is in the queue."""
    submit, queued = worker.reading, threading.Event()

    def reading(*arguments):
        ticket = submit(*arguments)
        queued.set()
        return ticket

    with monkeypatch.context() as patch:
        patch.setattr(worker, "reading", reading)
        yield
        assert queued.wait(60)


def test_jobs_run_one_at_a_time_first_come_first_served(worker, log, gated, free):
    first = gated("a", 2)
    a = worker.job("me", "first", first, total=2)
    first.wait_inside()
    b = worker.job("you", "second", free("b", 2))
    assert a.wait(timeout=0).state is State.RUNNING
    assert b.snapshot().state is State.QUEUED
    first.allow(2)
    assert b.wait().state is State.DONE
    assert log == ["a0", "a1", "a closed", "b0", "b1", "b closed"]
    assert a.snapshot().records == (0, 1)
    assert (a.snapshot().owner, a.snapshot().label, a.snapshot().total) == ("me", "first", 2)


def test_a_reading_runs_between_two_steps_of_a_job(worker, log, gated, free):
    scan = gated("scan", 2)
    job = worker.job("me", "scan", scan)
    scan.wait_inside()
    reading = worker.reading("desk", free("r", 2))
    scan.allow(2)
    assert job.wait().state is State.DONE
    assert log == ["scan0", "r0", "r1", "r closed", "scan1", "scan closed"]
    assert reading.snapshot().records == (1,)
    assert reading.snapshot().done == 2


def test_a_pending_reading_is_superseded_and_never_begins(worker, log, gated, free):
    scan = gated("scan", 1)
    worker.job("me", "scan", scan)
    scan.wait_inside()
    old = worker.reading("desk", free("old", 2))
    new = worker.reading("desk", free("new", 1))
    assert old.snapshot().state is State.SUPERSEDED
    scan.allow()
    assert new.wait().state is State.DONE
    assert [entry for entry in log if "scan" not in entry] == ["new0", "new closed"]


def test_a_half_run_reading_is_closed_before_the_newer_one_begins(worker, log, gated, free):
    half = gated("old", 3)
    old = worker.reading("desk", half)
    half.wait_inside()
    new = worker.reading("desk", free("new", 1))
    half.allow(3)
    assert new.wait().state is State.DONE
    assert log == ["old0", "old closed", "new0", "new closed"]
    assert old.snapshot().state is State.SUPERSEDED
    assert old.snapshot().latest == 0  # what was measured is not thrown away


def test_readings_of_different_keys_take_turns_and_asking_again_keeps_the_turn(worker, log, gated, free):
    scan = gated("scan", 1)
    worker.job("me", "scan", scan)
    scan.wait_inside()
    worker.reading("one", free("x", 3))
    last = worker.reading("two", free("b", 3))
    worker.reading("one", free("a", 3))
    scan.allow()
    assert last.wait().state is State.DONE
    steps = [entry for entry in log if "scan" not in entry and "closed" not in entry]
    assert steps == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_cancelling_a_running_job_closes_it_on_the_workers_thread_and_lets_the_next_run(worker, log, gated, free):
    scan = gated("scan", 9)
    cleaned = []

    def steps():
        try:
            yield from scan()
        finally:
            cleaned.append(threading.current_thread())

    job = worker.job("me", "scan", steps)
    scan.allow()
    scan.wait_inside()
    scan.wait_inside()
    after = worker.job("me", "after", free("after", 1))
    reading = worker.reading("desk", free("r", 1))
    job.cancel()
    scan.allow()
    assert job.wait().state is State.CANCELLED
    assert after.wait().state is State.DONE
    assert reading.wait().state is State.DONE
    assert job.snapshot().records == (0, 1)
    # A cancelled job goes first, though the reading was there before.
    assert log == ["scan0", "scan1", "scan closed", "r0", "r closed", "after0", "after closed"]
    assert cleaned == [worker.call(threading.current_thread)]
    assert cleaned != [threading.current_thread()]


def test_cancelling_a_queued_job_is_done_at_once(worker, log, gated, free):
    scan = gated("scan", 1)
    worker.job("me", "scan", scan)
    scan.wait_inside()
    queued = worker.job("me", "queued", free("q", 1))
    last = worker.job("me", "last", free("l", 1))
    queued.cancel()
    assert queued.snapshot().state is State.CANCELLED
    scan.allow()
    last.wait()
    assert log == ["scan0", "scan closed", "l0", "l closed"]


def test_cancelling_a_running_reading(worker, log, gated):
    work = gated("r", 3)
    reading = worker.reading("desk", work)
    work.wait_inside()
    reading.cancel()
    work.allow()
    assert reading.wait().state is State.CANCELLED
    assert log == ["r0", "r closed"]


def test_whatever_work_raises_the_worker_goes_on(worker, free):
    def steps():
        raise SystemExit

    failed = worker.job("me", "broken", steps)
    assert failed.wait().state is State.FAILED
    assert worker.job("me", "next", free("n", 1)).wait().state is State.DONE


def test_a_call_returns_or_raises_what_the_function_does(worker):
    assert worker.call(lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        worker.call(lambda: 1 // 0)
    with pytest.raises(SystemExit):
        worker.call(sys.exit)


def test_a_call_is_served_between_two_steps_of_a_job(worker, log, gated, monkeypatch):
    scan = gated("scan", 2)
    job = worker.job("me", "scan", scan)
    scan.wait_inside()
    caller = threading.Thread(target=worker.call, args=(lambda: log.append("call"),))
    with _submitted(worker, monkeypatch):
        caller.start()
    scan.allow(2)
    job.wait()
    caller.join()
    assert log == ["scan0", "call", "scan1", "scan closed"]


def test_a_call_from_inside_the_work_runs_where_it_is(worker):
    assert worker.call(lambda: worker.call(lambda: "inner")) == "inner"


def test_closing_cancels_everything_and_runs_what_must_be_run(log, gated, free):
    worker = Worker()
    scan = gated("scan", 9)
    running = worker.job("me", "scan", scan)
    scan.wait_inside()
    queued = worker.job("me", "queued", free("q", 1))
    reading = worker.reading("desk", free("r", 1))
    closing = threading.Thread(target=worker.close)
    closing.start()
    assert reading.wait().state is State.CANCELLED
    assert queued.wait().state is State.CANCELLED
    scan.allow(9)
    closing.join()
    assert running.snapshot().state is State.CANCELLED
    assert log == ["scan0", "scan closed"]
    worker.close()
    for submit in (
        lambda: worker.job("me", "late", free("l", 1)),
        lambda: worker.reading("desk", free("l", 1)),
        lambda: worker.call(lambda: 1),
    ):
        with pytest.raises(PrunekitError, match="The compute worker is closed"):
            submit()


def test_a_call_that_waits_while_the_worker_is_closed_is_told(gated, monkeypatch):
    worker = Worker()
    scan = gated("scan", 9)
    worker.job("me", "scan", scan)
    scan.wait_inside()
    told = []

    def call():
        with pytest.raises(PrunekitError, match="The compute worker is closed"):
            worker.call(lambda: 1)
        told.append(True)

    caller = threading.Thread(target=call)
    with _submitted(worker, monkeypatch):
        caller.start()
    closing = threading.Thread(target=worker.close)
    closing.start()
    caller.join()  # before the job's step ends
    scan.allow(9)
    closing.join()
    assert told == [True]


def test_the_work_may_close_the_worker(log):
    worker = Worker()

    def steps():
        worker.close()
        yield 1
        log.append("too far")

    assert worker.job("me", "last", steps).wait().state is State.CANCELLED
    worker.close()
    assert log == []


def test_jobs_are_found_by_id_and_owner_and_old_finished_ones_forgotten(worker, gated):
    old = [worker.job("me", str(number), lambda: ()) for number in range(KEPT_JOBS + 5)]
    old[-1].wait()
    scan = gated("scan", 1)
    running = worker.job("you", "scan", scan)
    queued = worker.job("me", "queued", lambda: ())
    assert worker.jobs() == (*old[5:], running, queued)
    assert worker.jobs("you") == (running,)
    assert worker.find(running.id) is running
    assert worker.find(old[0].id) is None
    scan.allow()
    queued.wait()


def test_finished_work_holds_no_model(worker):
    class Model:
        pass

    def submit():
        model = Model()

        def steps():
            yield model.__class__.__name__

        return worker.job("me", "holds a model", steps), weakref.ref(model)

    ticket, model = submit()
    assert ticket.wait().records == ("Model",)
    worker.call(lambda: None)  # the worker has turned to other work
    gc.collect()
    assert model() is None


def test_every_ticket_ends_and_every_iterator_is_closed_once_on_one_thread(worker):
    """Six threads ask, supersede and cancel as they like."""
    opened, closed, threads, tickets = [], [], set(), []

    def work(name, count):
        def steps():
            threads.add(threading.get_ident())
            opened.append(name)
            try:
                yield from range(count)
            finally:
                threads.add(threading.get_ident())
                closed.append(name)

        return steps

    def user(seed):
        draw = random.Random(seed)
        for number in range(150):
            steps = work((seed, number), draw.randrange(5))
            if draw.random() < 0.3:
                tickets.append(worker.job(str(seed), "job", steps))
            else:
                tickets.append(worker.reading(draw.randrange(4), steps))
            if draw.random() < 0.4:
                draw.choice(tickets).cancel()
            if draw.random() < 0.1:
                assert worker.call(lambda: 1) == 1

    users = [threading.Thread(target=user, args=(seed,)) for seed in range(6)]
    for thread in users:
        thread.start()
    for thread in users:
        thread.join()
    states = {ticket.wait(60).state for ticket in tickets}
    worker.call(lambda: None)
    assert len(tickets) == 900
    assert states == {State.DONE, State.CANCELLED, State.SUPERSEDED}
    assert sorted(opened) == sorted(closed)
    assert len(set(opened)) == len(opened)
    assert threads == {worker.call(threading.get_ident)}


def test_the_engine_does_not_import_torch():
    script = "import sys, prunekit.engine; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=Path(prunekit.__file__).parents[1]).returncode == 0
