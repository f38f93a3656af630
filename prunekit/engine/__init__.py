"""The engine: one thread that owns torch, and handles on the work submitted to it."""

from prunekit.engine.snapshot import Snapshot, State
from prunekit.engine.ticket import Ticket
from prunekit.engine.worker import Worker

__all__ = ["Snapshot", "State", "Ticket", "Worker"]
