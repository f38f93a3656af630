"""The first input of a module, also where it is called by the input's name."""

from collections.abc import Mapping
from typing import Any

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
"""What a module is called with: by position, and by name."""


def first_input(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Return the first input that a hook ``with_kwargs`` receives; ``None`` where a module is called without any."""
    return arguments[0] if arguments else next(iter(named.values()), None)


def with_first(arguments: tuple[Any, ...], named: Mapping[str, Any], first: Any) -> Inputs:
    """Return the inputs of a module with another first one, as a hook ``with_kwargs`` does."""
    if arguments:
        return (first, *arguments[1:]), dict(named)
    name, *_ = named
    return (), {**named, name: first}
