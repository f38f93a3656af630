"""Results computed for an open task are kept in the task, and are freed with it when it is closed."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Memory:
    """The newest results of each function, by its arguments.

    Threads share it, and none waits for another's computation: where two compute the same result at the same time,
    the first to finish is kept.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, OrderedDict[Hashable, Any]] = {}

    def get(self, function: Hashable, question: Hashable) -> Any:
        """Return what was put in for a question, or ``None``."""
        with self._lock:
            answers = self._answers.setdefault(function, OrderedDict())
            if question in answers:
                answers.move_to_end(question)
            return answers.get(question)

    def put(self, function: Hashable, question: Hashable, answer: T, most: int) -> T:
        """Keep an answer unless there is one, and of all answers of a function the ``most`` newest."""
        with self._lock:
            answers = self._answers.setdefault(function, OrderedDict())
            kept: T = answers.setdefault(question, answer)
            while len(answers) > most:
                answers.popitem(last=False)
            return kept


class Remembering(Protocol):
    """Anything that has a memory, such as an open task."""

    @property
    def memory(self) -> Memory:
        """The results computed for it."""


R = TypeVar("R", bound=Remembering)


def remembered(
    most: int,
) -> Callable[[Callable[Concatenate[R, P], T]], Callable[Concatenate[R, P], T]]:
    """Let a function keep its ``most`` newest results for a task in that task."""

    def decorate(function: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
        @wraps(function)
        def answer(owner: R, /, *question: P.args, **named: P.kwargs) -> T:
            key = question, tuple(sorted(named.items()))
            known: T | None = owner.memory.get(function, key)
            if known is not None:
                return known
            return owner.memory.put(function, key, function(owner, *question, **named), most)

        return answer

    return decorate
