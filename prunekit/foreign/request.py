"""What a child is asked."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One question.

    Attributes:
        paths: the files that are read.
        size: their bytes together.
        label: what the file is called in an error.
        options: what a reader wants to know beside.
        folder: where the answer goes.
    """

    paths: tuple[Path, ...]
    size: int
    label: str
    options: Mapping[str, Any]
    folder: Path

    def begin(self, path: Path) -> None:
        """Leave a note which of several files is read next, in case that it ends this process."""
        (self.folder / "at").write_text(path.name, errors="replace")


def size_of(path: Path) -> int:
    """Return a plain file's bytes.

    Raises:
        OSError: it cannot be read, or is no plain file: to read a pipe or a device may never end.
    """
    known = os.stat(path)
    if not stat.S_ISREG(known.st_mode):
        raise OSError(0, "it is no plain file")
    return known.st_size
