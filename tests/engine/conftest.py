import threading

import pytest

from prunekit.engine import Worker

PATIENCE = 60.0  # seconds until a test that would hang fails instead


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def log():
    """What happened, in order."""
    return []


class Gated:
    """Work that waits inside each step until the test lets it on; logs ``name0``, ``name1``, … and ``name closed``."""

    def __init__(self, log, name, steps):
        self.log, self.name, self.steps = log, name, steps
        self._entered = threading.Semaphore(0)
        self._allowed = threading.Semaphore(0)

    def __call__(self):
        try:
            for number in range(self.steps):
                self._entered.release()
                assert self._allowed.acquire(timeout=PATIENCE)
                self.log.append(f"{self.name}{number}")
                yield number
        finally:
            self.log.append(f"{self.name} closed")

    def wait_inside(self):
        """Wait until the worker is inside the next step."""
        assert self._entered.acquire(timeout=PATIENCE)

    def allow(self, steps=1):
        self._allowed.release(steps)


@pytest.fixture
def gated(log):
    return lambda name, steps: Gated(log, name, steps)


@pytest.fixture
def free(log):
    """Work that never waits."""

    def make(name, steps):
        work = Gated(log, name, steps)
        work.allow(steps)
        return work

    return make
