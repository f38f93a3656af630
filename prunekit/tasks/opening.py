"""Open a task by its name, or one's own by its project file."""

from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.errors import TaskError, close_matches
from prunekit.tasks.zoo import TASKS

if TYPE_CHECKING:
    from prunekit.tasks.settings import Settings
    from prunekit.tasks.task import Task


def open_task(name_or_path: str, flags: "Settings | None" = None) -> "Task":
    """Open a bundled task, or the project that a ``prunekit.toml`` describes.

    Args:
        name_or_path: a bundled task's name, the path of a project file or of a folder with one, the path of a
            ``.pt2`` file; with flags that name a factory, any other name.
        flags: settings that go over those of the project file, or stand for one; their paths are absolute.

    Returns:
        The task, its network trained and in eval mode.

    Raises:
        TaskError: no such task, or an unusable project.
    """
    if name_or_path in TASKS:
        if flags:
            raise TaskError(
                f"The bundled task {name_or_path!r} has its own settings; {next(iter(flags))!r} is not used."
            )
        return TASKS[name_or_path]()
    path = Path(name_or_path)
    if path.is_dir() and (path / "prunekit.toml").is_file():
        path = path / "prunekit.toml"
    if path.suffix == ".toml":
        from prunekit.tasks.project import open_project

        return open_project(path, flags)
    if path.suffix == ".pt2" or (flags and ("factory" in flags or "program" in flags)):
        from prunekit.tasks.project import open_settings

        program = {"program": str(path.absolute())} if path.suffix == ".pt2" else {}
        return open_settings({"name": path.stem, **program, **(flags or {})})
    raise TaskError(f"Unknown task {name_or_path!r}; {close_matches(name_or_path, TASKS)}")
