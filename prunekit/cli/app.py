"""The desk in a browser."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.cli.options import add_task, add_verb, flags_of

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs


def add(verbs: "Verbs") -> None:
    """Add ``app``."""
    command = add_verb(verbs, "app", _app, "Open the desk in a browser.")
    add_task(command, nargs="?")
    command.add_argument("--port", type=int, help="port to listen on")


def _app(options: argparse.Namespace) -> int:
    from prunekit.tasks.own_code import to_environment
    from prunekit.ui.home import check_installed, home

    check_installed()
    environment = {**os.environ, **to_environment(options.use)}
    if options.task:
        from prunekit.tasks.zoo import TASKS

        flags = flags_of(options)
        is_name = options.task in TASKS or ("factory" in flags and not Path(options.task).exists())
        environment["PRUNEKIT_TASK"] = options.task if is_name else str(Path(options.task).absolute())
        if flags:
            environment["PRUNEKIT_SETTINGS"] = json.dumps(flags)
    if options.workspace:
        environment["PRUNEKIT_WORKSPACE"] = str(options.workspace.absolute())
    command = [sys.executable, "-m", "streamlit", "run", str(home() / "app.py")]
    if options.port:
        command += ["--server.port", str(options.port)]
    return subprocess.run(command, env=environment, check=False).returncode
