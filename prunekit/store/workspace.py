"""The workspace: one folder that holds the history, the scans, recovered weights and exports."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prunekit.errors import WorkspaceError
from prunekit.records import Latency, Point, Reading, Run, TaskKey
from prunekit.scratch import clean
from prunekit.store import heads, latencies, points, runs, settings
from prunekit.store.database import Database
from prunekit.store.files import check_place, write_aside
from prunekit.store.points import ScanKey

DATABASE = "history.sqlite3"
WEIGHTS = "weights"
EXPORTS = "exports"


def _subfolders(path: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


class Workspace:
    """A folder made on the first write; threads and processes may share it.

    Every method that writes is one transaction: when it has returned, what it wrote survives a
    killed process. Every method raises ``WorkspaceError`` where the history is damaged, was
    written by a newer version, or cannot be read or written.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path | str = ".prunekit") -> None:
        self.path = Path(path).expanduser().absolute()
        self._database = Database(self.path / DATABASE)
        for folder in (self.path, *_subfolders(self.path)):
            clean(folder)

    @property
    def exports(self) -> Path:
        """The folder for exported files."""
        return self.path / EXPORTS

    def weights_path(self, run_id: str) -> Path:
        """Return where a recovered run's weights belong; ``Run.weights`` is this path's name.

        Raises:
            WorkspaceError: the id is not one, such as a path out of the workspace.
        """
        if not run_id.isalnum():
            raise WorkspaceError(f"A run's id is letters and digits, not {run_id!r}.")
        return self.path / WEIGHTS / f"{run_id}.safetensors"

    def add_run(self, run: Run) -> None:
        """Store a run with its readings; the head stays where it is.

        Raises:
            WorkspaceError: its id is taken, its parent is unknown or belongs to another task.
        """
        with self._writing() as db:
            runs.add(db, run)

    def add_reading(self, run_id: str, reading: Reading) -> None:
        """Store a run's reading in place of an earlier one of the same split.

        Raises:
            WorkspaceError: the run is unknown.
        """
        with self._writing() as db:
            runs.add_reading(db, run_id, reading)

    def rename(self, run_id: str, label: str) -> None:
        """Change what a person calls a run.

        Raises:
            WorkspaceError: the run is unknown.
        """
        with self._writing() as db:
            runs.rename(db, run_id, label)

    def annotate(self, run_id: str, note: str) -> None:
        """Change what a person notes of a run.

        Raises:
            WorkspaceError: the run is unknown.
        """
        with self._writing() as db:
            runs.annotate(db, run_id, note)

    def star(self, run_id: str, starred: bool = True) -> None:
        """Mark a run, or take the mark away.

        Raises:
            WorkspaceError: the run is unknown.
        """
        with self._writing() as db:
            runs.star(db, run_id, starred)

    def delete(self, run_id: str) -> None:
        """Delete a run with its readings and its weights; its children and the head continue its parent.

        Raises:
            WorkspaceError: the run is unknown, or other runs start from its weights.
        """
        with self._writing() as db:
            heads.leave(db, runs.get(db, run_id))
            runs.delete(db, run_id)
        try:
            # Last: a file that nothing names does no harm, a run whose weights are gone would.
            self.weights_path(run_id).unlink(missing_ok=True)
        except OSError as error:
            raise WorkspaceError(f"Run {run_id} is deleted, but its weights are not ({error}); delete them.") from error

    def add_latency(self, model: str, latency: Latency) -> None:
        """Store a latency for every run of its recipe, in place of an earlier one of the same conditions.

        Args:
            model: digest of the dense weights.
            latency: what was measured.
        """
        with self._writing() as db:
            latencies.add(db, model, latency)

    def latencies(self, model: str, recipe: str) -> tuple[Latency, ...]:
        """Return what was timed of a recipe: by runtime, PyTorch first, then by batch size, then by threads.

        Args:
            model: digest of the dense weights.
            recipe: the recipe's digest.
        """
        with self._database.reading() as db:
            return latencies.of_model(db, model).get(recipe, ())

    def run(self, run_id: str) -> Run:
        """Return one run.

        Raises:
            WorkspaceError: the run is unknown; names close matches.
        """
        with self._database.reading() as db:
            return runs.get(db, run_id)

    def runs(self, task: str) -> tuple[Run, ...]:
        """Return a task's runs in the order they were stored."""
        with self._database.reading() as db:
            return runs.of_task(db, task)

    def children(self, run_id: str) -> tuple[Run, ...]:
        """Return the runs made from one, in the order they were stored.

        Raises:
            WorkspaceError: the run is unknown.
        """
        with self._database.reading() as db:
            return runs.children(db, run_id)

    def head(self, key: TaskKey) -> Run | None:
        """Return the run on a task's desk; ``None`` is the task's own network."""
        with self._database.reading() as db:
            return heads.head(db, key)

    def set_head(self, key: TaskKey, run_id: str | None) -> None:
        """Put a run on a task's desk; moving the head forgets what undo left.

        Raises:
            WorkspaceError: the run is unknown, or belongs to another task, other weights or other data.
        """
        with self._writing() as db:
            heads.put(db, key, run_id)

    def undo(self, key: TaskKey) -> Run | None:
        """Move the head to its parent and return it; ``None`` is the task's own network, where undo ends."""
        if self.head(key) is None:
            return None  # without making the folder
        with self._writing() as db:
            return heads.undo(db, key)

    def redo(self, key: TaskKey) -> Run | None:
        """Move the head to the child last left by undo and return it; ``None`` where there is none to return to."""
        if not self.can_redo(key):
            return None  # without making the folder
        with self._writing() as db:
            return heads.redo(db, key)

    def can_redo(self, key: TaskKey) -> bool:
        """Return whether ``redo`` would move the head; undo can whenever there is a head."""
        with self._database.reading() as db:
            return heads.can_redo(db, key)

    def add_point(self, key: ScanKey, point: Point) -> None:
        """Store a scan's point in place of an earlier one of the same cell."""
        with self._writing() as db:
            points.add(db, key, point)

    def points(self, key: ScanKey) -> tuple[Point, ...]:
        """Return a scan's points in the order their cells were first stored."""
        with self._database.reading() as db:
            return points.of_scan(db, key)

    def set_setting(self, name: str, value: Any) -> None:
        """Store a JSON value under a name."""
        with self._writing() as db:
            settings.put(db, name, value)

    def setting(self, name: str) -> Any:
        """Return the JSON value stored under a name, or ``None``."""
        with self._database.reading() as db:
            return settings.get(db, name)

    def write_file(self, path: Path, write: Callable[[Path], object]) -> None:
        """Write a file inside the workspace, whole or not at all; ``write`` is given the path to write at."""
        if not self._database.path.exists():
            self._make_folder()
        try:
            write_aside(path, write)
        except OSError as error:
            raise WorkspaceError(
                f"{path} cannot be written ({error.strerror or error}); choose another workspace."
            ) from error

    def check_writable(self) -> None:
        """Raise now what a write would raise after long work; nothing is made."""
        try:
            check_place(self._database.path)
        except OSError as error:
            reason = error.strerror or error
            raise WorkspaceError(f"The workspace {self.path} cannot be written ({reason}); choose another.") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if not self._database.path.exists():
            self._make_folder()
        with self._database.writing() as db:
            yield db

    def _make_folder(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # A folder that holds other things may be the user's own project, whose .gitignore is not ours to write.
            if all(entry.name in (WEIGHTS, EXPORTS) for entry in self.path.iterdir()):
                write_aside(self.path / ".gitignore", lambda aside: aside.write_text("*\n"))
        except OSError as error:
            raise WorkspaceError(f"The workspace {self.path} cannot be made ({error}); choose another.") from error
