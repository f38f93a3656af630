"""What a person's function says, so that an edited one is told from the one before."""

import inspect
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

SIMPLE = (bool, int, float, str, bytes, type(None))


def source_of(function: Callable[..., Any]) -> str:
    """Return what a function says, with the functions and constants of its own file that it uses.

    Args:
        function: a function, or an object that can be called.

    Returns:
        Their sources by name; compiled code where there is no source, nothing of what is not written in Python.
    """
    if isinstance(function, partial):
        return f"{source_of(function.func)} {function.args} {function.keywords}"
    texts: dict[str, str] = {}
    waiting = [inspect.unwrap(function)]
    while waiting:
        called = waiting.pop()
        used = {} if inspect.isroutine(called) else dict(vars(called))
        code = called if inspect.isroutine(called) else type(called).__call__
        code = getattr(code, "__func__", code)
        if not inspect.isfunction(code) or code.__qualname__ in texts:
            continue
        texts[code.__qualname__] = _text(code)
        closure = inspect.getclosurevars(code)
        used |= {**closure.globals, **closure.nonlocals}
        texts |= {name: repr(value) for name, value in used.items() if _is_constant(value)}
        functions = (value for value in used.values() if inspect.isfunction(value))
        waiting += [value for value in functions if value.__module__ == code.__module__]
    return "\n".join(f"{name} {texts[name]}" for name in sorted(texts))


def _text(function: FunctionType) -> str:
    try:
        return inspect.getsource(function)
    except OSError:  # typed into a prompt
        code = function.__code__
        return f"{code.co_code.hex()} {code.co_names} {[part for part in code.co_consts if _is_constant(part)]}"


def _is_constant(value: object) -> bool:
    """Return whether a value's text says all that there is to know of it."""
    return isinstance(value, SIMPLE) or (isinstance(value, tuple | list) and all(map(_is_constant, value)))
