"""The tickets that open tasks, each with the task's own weights or those of an upload."""

import hashlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from prunekit.store import workspace_folder
from prunekit.ui.state import cached, objects
from prunekit.ui.state.session import Upload, session

if TYPE_CHECKING:
    from prunekit.engine import Ticket
    from prunekit.verbs import Opened

TASK_VARIABLE = "PRUNEKIT_TASK"
SETTINGS_VARIABLE = "PRUNEKIT_SETTINGS"


def own_settings(task: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return as JSON the settings of the task that the server was started with; empty for any other task."""
    return environment.get(SETTINGS_VARIABLE, "") if task == environment.get(TASK_VARIABLE, "").strip() else ""


def start(task: str, upload: Upload | None = None) -> "Ticket[Opened]":
    """Start to open a task, unless this process has done so already; by its own weights, or those of an upload."""
    known = None if upload else objects.ticket(task)
    return known or cached.opening(*_key(task, upload))


def forget(task: str, upload: Upload | None = None) -> None:
    """Let the next start open a task anew."""
    cached.opening.clear(*_key(task, upload))


def upload_in_use() -> Upload | None:
    """Return the checkpoint that this tab's task is open with; ``None`` for its own weights."""
    now = session()
    return now.upload if now.upload and now.upload.task == now.task else None


def _key(task: str, upload: Upload | None) -> tuple[str, str, str, str, bool, bytes | None]:
    own = task, own_settings(task), str(workspace_folder())
    if upload is None:
        return *own, "", True, None
    return *own, hashlib.sha256(upload.content).hexdigest()[:16], upload.strict, upload.content
