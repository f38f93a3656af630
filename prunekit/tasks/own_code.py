"""Files of a person's own code, which register criteria, metrics and export formats when they run.

They are named by the person who starts the process: on the command line, in a project file or in the environment. No
browser can name any.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from prunekit.tasks.functions import import_file

USE_VARIABLE = "PRUNEKIT_USE"


def use(files: Iterable[Path | str], folder: Path | None = None) -> None:
    """Run files, each once, and again where it was edited.

    Args:
        files: Python files.
        folder: what they are relative to; ``None`` is where the command was given.

    Raises:
        TaskError: a file is not there, raises, or registers a name that is taken.
    """
    for file in files:
        import_file((folder or Path()) / file, refresh=True)


def used_everywhere(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the files that the environment names for every task of this process."""
    return [file for file in environment.get(USE_VARIABLE, "").split(os.pathsep) if file]


def to_environment(files: Iterable[Path | str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what another process's environment has to say, so that it uses these files as well."""
    named = [*used_everywhere(environment), *(str(Path(file).absolute()) for file in files)]
    return {USE_VARIABLE: os.pathsep.join(dict.fromkeys(named))} if named else {}
