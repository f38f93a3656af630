"""The store: a workspace folder with the history, the scans and the exports of its tasks."""

from prunekit.store.files import write_aside
from prunekit.store.place import workspace_folder
from prunekit.store.points import ScanKey
from prunekit.store.workspace import Workspace

__all__ = ["ScanKey", "Workspace", "workspace_folder", "write_aside"]
