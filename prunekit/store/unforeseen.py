"""What nobody foresaw: a file with all that is known of it, and one sentence for whoever waits."""

import os
import time
import traceback
from pathlib import Path

from prunekit.errors import said
from prunekit.store.place import workspace_folder

LOGS = "logs"
KEPT = 20
"""Files of the latest such errors."""
VARIABLE = "PRUNEKIT_UNFORESEEN"
"""An environment in which this is ``raise`` has no net: what nobody foresaw passes through, as in tests."""


def noted(error: Exception, workspace: Path | str | None = None) -> str:
    """Write all that is known of an error into a file of the workspace, and return a sentence that names it.

    Args:
        error: what was raised.
        workspace: the folder that was named; ``None`` is the usual one.

    Raises:
        Exception: the error itself, in an environment without a net.
    """
    if os.environ.get(VARIABLE) == "raise":
        raise error
    folder = workspace_folder(workspace).expanduser().absolute() / LOGS
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write("".join(traceback.format_exception(error)) + "\n")
        for old in sorted(folder.glob("*.log"))[:-KEPT]:
            old.unlink(missing_ok=True)
        where = f"{path} says all of it; please report it with that file"
    except OSError as failed:
        where = f"no log could be written ({failed.strerror})"
    return f"PruneKit met something that it should have foreseen, {said(error)}: {where}."
