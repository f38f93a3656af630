"""Records that people add to an extension point: where they come from, and which may replace which.

An extension point is a dict of records by name. A record that a person registered has an origin, a built-in one none.
"""

import hashlib
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from prunekit.errors import TaskError
from prunekit.function_source import source_of

MAIN = "__main__"
"""The module of a script that runs, and of a notebook."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a person's own function comes from.

    Attributes:
        file: the file that it stands in; ``__main__`` for a notebook or the script that runs.
        digest: sixteen hexadecimal digits that name what it says, so that an edited function is another one.
    """

    file: str
    digest: str


class Registered(Protocol):
    """What a record of an extension point has."""

    @property
    def name(self) -> str:
        """What recipes, project files and the command line call it."""

    @property
    def origin(self) -> Origin | None:
        """Where it comes from; ``None`` for a built-in one."""


R = TypeVar("R", bound=Registered)


def origin_of(function: Callable[..., Any]) -> Origin:
    """Return where a function comes from."""
    module = getattr(function, "__module__", None) or MAIN
    code = getattr(function, "__code__", None)
    file = MAIN if module == MAIN or code is None else code.co_filename
    return Origin(file, hashlib.sha256(source_of(function).encode()).hexdigest()[:16])


def register(kind: str, records: MutableMapping[str, R], record: R) -> None:
    """Add a person's own record; one of the same name and file is replaced, as when a notebook's cell runs again.

    Args:
        kind: what the records are, for the error.
        records: all of them by name.
        record: the new one.

    Raises:
        TaskError: the name is a built-in one's, or was registered by another file.
    """
    known = records.get(record.name)
    if known is not None and known.origin is None:
        raise TaskError(f"The {kind} {record.name!r} is built in; register yours under another name.")
    if known is not None and known.origin and record.origin and known.origin.file != record.origin.file:
        raise TaskError(
            f"The {kind} {record.name!r} was already registered by {known.origin.file}; choose another name for yours."
        )
    records[record.name] = record


def identity(record: Registered) -> str:
    """Return a record's name, for a person's own with what it says, so that an edited one is another."""
    return record.name if record.origin is None else f"{record.name}@{record.origin.digest}"
