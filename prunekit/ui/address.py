"""What a page's address says of its task: a short name that shows no path of the server."""

import hashlib
from collections.abc import Sequence

from prunekit.errors import listed
from prunekit.tasks.zoo import BUNDLED
from prunekit.ui.state import objects
from prunekit.ui.state.titles import task_title

DIGITS = 6
"""Digits that tell two projects of one name apart."""


def name_of(task: str) -> str:
    """Return what an address calls a task: a project by its title and some digits of its path, which it does not show.

    Example:
        >>> name_of("resnet8")
        'resnet8'
        >>> name_of("/data/shapes/prunekit.toml")
        'shapes-4379c3'
    """
    if task in BUNDLED or objects.title(task) is not None:
        return task
    return f"{task_title(task)}-{hashlib.sha256(task.encode()).hexdigest()[:DIGITS]}"


def task_of(name: str, tasks: Sequence[str]) -> str | None:
    """Return the task that an address means; one with a path is of an earlier version. ``None`` where it is none."""
    return next((task for task in tasks if name in (name_of(task), task)), None)


def unknown(name: str, tasks: Sequence[str]) -> str:
    """Say that an address means no task, and which there are."""
    names = [name_of(task) for task in tasks]
    return (
        f"There is no task {name!r} here; the address may name {listed(names, most=len(names))}. "
        f"This is {task_title(tasks[0])}."
    )
