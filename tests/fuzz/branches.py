"""Which branches of some modules ran: of every conditional jump of their code, both ways count."""

import dis
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

Branch = tuple[CodeType, int, int]
"""A code, the place of its jump, and the place that came next."""


class Branches:
    """Watches the code of modules.

    Args:
        modules: their names.
    """

    def __init__(self, modules: tuple[str, ...]) -> None:
        codes = [code for name in modules for code in _codes(import_module(name))]
        self.known = {branch for code in codes for branch in _branches(code)}
        self.jumps = {(code, place) for code, place, _ in self.known}
        self.codes = set(codes)
        self.taken: set[Branch] = set()

    @property
    def share(self) -> float:
        """How many of the branches were taken, 0 to 1."""
        return len(self.taken & self.known) / max(1, len(self.known))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note the branches that are taken in the block."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code not in self.codes:
            return None
        code, last = frame.f_code, -1
        frame.f_trace_opcodes, frame.f_trace_lines = True, False

        def step(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal last
            if event == "opcode":
                if (code, last) in self.jumps:
                    self.taken.add((code, last, frame.f_lasti))
                last = frame.f_lasti
            return step

        return step


def _codes(module: Any) -> list[CodeType]:
    """List the code of a module's functions, and of those inside of them."""
    spec = module.__spec__
    whole = spec.loader.get_code(spec.name)
    found, waiting = [], [const for const in whole.co_consts if inspect.iscode(const)]
    while waiting:
        code = waiting.pop()
        found.append(code)
        waiting += [const for const in code.co_consts if inspect.iscode(const)]
    return found


def _branches(code: CodeType) -> Iterator[Branch]:
    steps = list(dis.get_instructions(code))
    for step, after in pairwise(steps):
        if step.opname == "FOR_ITER" or ("JUMP" in step.opname and "IF" in step.opname):
            yield code, step.offset, after.offset
            yield code, step.offset, step.argval
