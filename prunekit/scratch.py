"""Files and folders for a while, named by their process: who comes after one that was killed cleans them away."""

import contextlib
import hashlib
import os
import platform
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(r".*~(?P<where>[0-9a-f]{6})-(?P<process>\d+)-[0-9a-f]{8}(\.\w+)?")


def scratch_name(stem: str, suffix: str = "") -> str:
    """Return a name that nobody else has, and that tells which process made what bears it."""
    return f"{stem}~{_here()}-{os.getpid()}-{uuid.uuid4().hex[:8]}{suffix}"


@contextmanager
def scratch_folder(stem: str, parent: Path | None = None) -> Iterator[Path]:
    """Make a folder that is gone afterwards.

    Args:
        stem: how its name begins.
        parent: where it is made; ``None`` is the system's place for such, where what others left is cleaned away.

    Raises:
        OSError: it cannot be made.
    """
    place = Path(tempfile.gettempdir()) if parent is None else parent
    clean(place, "prunekit" if parent is None else stem)
    folder = place / scratch_name(stem)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clean(folder: Path, stem: str = "") -> None:
    """Remove what processes of this system left in a folder that are not there any more.

    Args:
        folder: where to look; it may be missing.
        stem: how the names begin.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / scratch_name("mine")).write_text("of a process that runs")
        >>> _ = (folder / scratch_name("gone").replace(f"-{os.getpid()}-", "-999999999-")).write_text("of none")
        >>> clean(folder)
        >>> [path.name[:4] for path in folder.iterdir()]
        ['mine']
    """
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            known = _NAME.fullmatch(entry.name) if entry.name.startswith(stem) else None
            if known is None or known["where"] != _here() or _runs(int(known["process"])):
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)


def _here() -> str:
    """Name this system: the number of a process means nothing on another, or in another container."""
    space = Path("/proc/self/ns/pid")
    own = os.readlink(space) if space.is_symlink() else ""
    return hashlib.sha256(f"{platform.node()} {own}".encode()).hexdigest()[:6]


def _runs(process: int) -> bool:
    if os.name != "posix":
        return True  # to ask would end it
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
