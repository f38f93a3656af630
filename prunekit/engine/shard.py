"""A shard: some groups or layers of a scan, and the process that measures them."""

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Collection
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from prunekit.engine.process import READY
from prunekit.records import Point
from prunekit.search.question import Question
from prunekit.tasks.task import Split


class Shard:
    """A part of a question, and the process that answers it.

    Args:
        question: the part.
        half_width: how precisely each cell is measured; see ``search.scan``.
        known: points that need no measuring.

    Attributes:
        question: the part.
        known: the points that are measured so far.
        deaths: how many of its processes have died.
        pipe: becomes readable when the process has sent a message.
        process: the process.
    """

    def __init__(self, question: Question, half_width: float | None, known: Collection[Point]) -> None:
        self.question, self.known, self.deaths = question, list(known), 0
        self._packed, self._half_width = pickle.dumps(question), half_width
        self._start()

    def receive(self) -> Any:
        """Return the next message of the process: a step of the scan, or one of ``READY``, ``END`` and ``FAILED``.

        Raises:
            EOFError: it is dead.
        """
        try:
            message = pickle.loads(self.pipe.recv_bytes())
        except OSError as error:
            raise EOFError from error
        if message == READY:
            self._send((self._packed, self._half_width, self.known))
        if isinstance(message, Point):
            self.known.append(message)
        return message

    def go_on(self) -> None:
        """Let the process do one more step."""
        self._send(None)

    def restart(self) -> None:
        """Let another process go on behind the points that are known."""
        self.close()
        self.deaths += 1
        self._start()

    def close(self) -> None:
        """End the process."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # the process is dead, which the next receive reports
            self.pipe.send_bytes(pickle.dumps(message))

    def _start(self) -> None:
        self.pipe, theirs = Pipe()
        house = Path(__file__).resolve().parents[2]
        paths = os.pathsep.join([str(house), *(os.path.abspath(path) for path in sys.path)])
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "prunekit.engine.process", str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl+C is for whoever reads the steps, and ends this process with the pipe
            )


def divide(question: Question, names: Collection[str], parts: int) -> list[Question]:
    """Divide a question into parts that take about as long.

    Args:
        question: the question.
        names: what is cut, in execution order; the earlier, the more of the network a cut changes, so
            that parts take turns from both ends.
        parts: at most so many.
    """
    turns: list[list[str]] = [[] for _ in range(parts)]
    for at, name in enumerate(names):
        turn, place = divmod(at, parts)
        turns[place if turn % 2 == 0 else parts - 1 - place].append(name)
    # A view would be sent with all that it is a view of.
    split = Split(question.split.inputs.clone(), question.split.targets.clone())
    train = question.train and Split(question.train.inputs.clone(), question.train.targets.clone())
    whole = replace(question, split=split, train=train, memory=question.memory // parts)
    scores = question.scores
    return [
        replace(whole, names=tuple(turn), scores=scores and {name: scores[name] for name in turn})
        for turn in turns
        if turn
    ]
