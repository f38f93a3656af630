"""Files appear whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

from prunekit.scratch import scratch_folder, scratch_name


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then rename it there in one step.

    Whoever looks at ``path``, in this process or another, sees the old file or the new one and
    never half of it; a write that raises leaves the old file alone and nothing beside it.

    Args:
        path: where the file shall be; missing folders are made.
        write: writes the whole file at the path it is given, which ends like ``path`` does.

    Raises:
        OSError: the folder cannot be written; whatever ``write`` raises passes through.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "card.txt"
        >>> write_aside(path, lambda aside: aside.write_text("resnet8"))
        >>> path.read_text(), len(list(path.parent.iterdir()))
        ('resnet8', 1)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The ending stays: some writers choose a format by it, or add it where it is missing.
    aside = path.with_name(scratch_name(f".{path.stem}", path.suffix))
    try:
        aside.touch()  # where there is no place, writers of other libraries say so by errors of their own
        aside.unlink()
        write(aside)
        with aside.open("rb+") as file:
            os.fsync(file.fileno())  # else a power cut could leave the new name on an empty file
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Raise now what writing at ``path`` would raise after long work; nothing is left there.

    Args:
        path: where a file or a folder shall be; folders on the way may be missing.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    # Permissions do not tell: a file system may be read-only, and the root user is allowed what then fails.
    with scratch_folder(".prunekit-place", folder):
        pass
