"""Open a task by its name, or one's own by its project file."""

from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import TaskError, close_matches
from prunekit.tasks.zoo import TASKS

if TYPE_CHECKING:
    from prunekit.tasks.task import Task


def open_task(name_or_path: str) -> "Task":
    """Open a bundled task, or the project that a ``prunekit.toml`` describes.

    Args:
        name_or_path: a bundled task's name, the path of a project file, or a folder with one.

    Returns:
        The task, its network trained and in eval mode.

    Raises:
        TaskError: no such task, or an unusable project.
    """
    if name_or_path in TASKS:
        return TASKS[name_or_path]()
    path = Path(name_or_path)
    if path.is_dir() and (path / "prunekit.toml").is_file():
        path = path / "prunekit.toml"
    if path.suffix == ".toml":
        from prunekit.tasks.project import open_project

        return open_project(path)
    raise TaskError(f"Unknown task {name_or_path!r}; {close_matches(name_or_path, TASKS)}")
