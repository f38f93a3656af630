"""The desk in a browser."""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prunekit.cli.options import add_verb

if TYPE_CHECKING:
    from prunekit.cli.options import Verbs


def add(verbs: "Verbs") -> None:
    """Add ``app``."""
    command = add_verb(verbs, "app", _app, "Open the desk in a browser.")
    command.add_argument("task", nargs="?", help="a bundled task, or the path of a prunekit.toml")
    command.add_argument("--port", type=int, help="port to listen on")


def _app(options: argparse.Namespace) -> int:
    environment = dict(os.environ)
    if options.task:
        from prunekit.tasks.zoo import TASKS

        known = options.task in TASKS
        environment["PRUNEKIT_TASK"] = options.task if known else str(Path(options.task).absolute())
    if options.workspace:
        environment["PRUNEKIT_WORKSPACE"] = str(options.workspace.absolute())
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    if options.port:
        command += ["--server.port", str(options.port)]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode
