"""Values from outside, as the fields of a record: whether each is of the kind that the record says."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")

LARGEST = 1 << 63
"""Whole numbers of a database and of torch are below this."""


def checked(record: R) -> R:
    """Return a record whose fields are all of the kinds that its class says.

    Raises:
        TypeError: names the first that is not.

    Example:
        >>> from prunekit.records import Cost
        >>> checked(Cost(1, 2, 3))
        Cost(params=1, macs=2, bytes=3)
        >>> checked(Cost(1, "2", 3))
        Traceback (most recent call last):
        TypeError: macs cannot be '2'
    """
    of_record: Any = type(record)
    for name, kind in _kinds(of_record).items():
        if not _fits(value := getattr(record, name), kind):
            raise TypeError(f"{name} cannot be {repr(value)[:60]}")
    return record


@cache
def _kinds(record: Any) -> dict[str, Any]:
    assert is_dataclass(record)
    hints = get_type_hints(record)
    return {field.name: hints[field.name] for field in fields(record)}


def _fits(value: Any, kind: Any) -> bool:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in parts)
    if origin is tuple:
        same = len(parts) == 2 and parts[1] is Ellipsis
        whole = isinstance(value, tuple) and (same or len(value) == len(parts))
        return whole and all(_fits(one, parts[0] if same else part) for one, part in _beside(value, parts, same))
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_fits(k, parts[0]) and _fits(v, parts[1]) for k, v in value.items())
    if kind is float:
        return type(value) in (int, float)
    if kind is int:
        return type(value) is int and abs(value) < LARGEST
    if kind in (str, bool, type(None)):
        return type(value) is kind or (kind is str and isinstance(value, str) and isinstance(value, Enum))
    return kind is Any or isinstance(value, kind)


def _beside(values: tuple[Any, ...], parts: tuple[Any, ...], same: bool) -> list[tuple[Any, Any]]:
    return [(value, None) for value in values] if same else list(zip(values, parts, strict=True))
