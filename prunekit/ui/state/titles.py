"""What tasks are called on screen."""

from pathlib import Path

from prunekit.tasks.zoo import BUNDLED
from prunekit.ui.state import objects


def task_title(task: str) -> str:
    """Return what a task is called on screen: a project by its folder, a program by its file; needs no torch."""
    if (title := objects.title(task)) is not None:
        return title
    if task in BUNDLED:
        return BUNDLED[task].title
    path = Path(task)
    return (path.parent if path.suffix == ".toml" else path).name or task
