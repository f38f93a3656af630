"""Where a workspace is: one rule for every verb, for the screen and for scripts."""

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "PRUNEKIT_WORKSPACE"
USUAL = ".prunekit"


def workspace_folder(named: Path | str | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that was named, else the environment's ``PRUNEKIT_WORKSPACE``, else ``.prunekit`` here.

    Example:
        >>> workspace_folder("here", {}), workspace_folder(None, {"PRUNEKIT_WORKSPACE": "there"})
        (PosixPath('here'), PosixPath('there'))
        >>> workspace_folder(None, {})
        PosixPath('.prunekit')
    """
    return Path(named or environment.get(VARIABLE) or USUAL)
