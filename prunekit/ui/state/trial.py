"""A checkpoint that a visitor gave: opened beside the desk, and taken only once that has succeeded."""

from prunekit.ui.state import tickets
from prunekit.ui.state.session import Upload, session


def begin(upload: Upload) -> None:
    """Start to open a checkpoint; the desk stays as it is until ``take``."""
    session().tried, session().misfit = upload, None


def pending() -> bool:
    """Whether a checkpoint is being opened."""
    tried = session().tried
    return tried is not None and not tickets.start(tried.task, tried).finished


def take() -> None:
    """Put the task with a checkpoint that has been opened on the desk, or note why it was refused."""
    tried = session().tried
    if tried is None or pending():
        return
    outcome = tickets.start(tried.task, tried).snapshot()
    if outcome.latest is None:
        refuse(tried, outcome.error)
    else:
        session().clear_desk()
        session().upload = tried


def refuse(upload: Upload, reason: str | None) -> None:
    """Note why a checkpoint is not on the desk, for the place where it was given."""
    tickets.forget(upload.task, upload)  # what is given again is tried again
    session().tried, session().misfit = None, (upload.name, reason or "It could not be opened.")


def withdraw() -> None:
    """Forget the checkpoint that was given, and why it was refused."""
    session().tried = session().misfit = None
