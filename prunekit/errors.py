"""Every error PruneKit raises on purpose; each message says what was expected, what was given and what to do.

PrunekitError
├── TaskError           unknown task, unusable project file
│   └── CheckpointError unreadable, truncated or mismatched weights
├── RecipeError         unknown key, group or layer; sparsity out of range
├── StructureError      a network that cannot be traced or shrunk
├── LatencyError        a network that cannot be timed
├── WorkspaceError      a history that cannot be read or written
└── ExportError         a file that could not be written or did not prove equal
"""

import difflib
from collections.abc import Iterable, Sequence


class PrunekitError(Exception):
    """Base of every expected failure; its text is one sentence fit for a screen."""


class TaskError(PrunekitError):
    """The task cannot be opened."""


class CheckpointError(TaskError):
    """The weights cannot be read or do not fit the network."""


class RecipeError(PrunekitError):
    """The recipe asks for something that does not exist or is out of range."""


class StructureError(PrunekitError):
    """The network cannot be traced, analysed or shrunk."""


class LatencyError(PrunekitError):
    """The network cannot be timed."""


class WorkspaceError(PrunekitError):
    """The workspace cannot be read or written."""


class ExportError(PrunekitError):
    """An exported file could not be written or is not what was measured."""


RAISED = (Exception, SystemExit)
"""What other people's code may raise; its ``sys.exit`` must not end this process."""


def said(error: BaseException) -> str:
    """Write what other people's code raised on one line, without a full stop."""
    sentence = str(error).strip().partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {sentence}" if sentence else type(error).__name__


def close_matches(given: str, known: Iterable[str]) -> str:
    """Say which known names are near ``given``.

    Args:
        given: the name nobody knows.
        known: the names that exist.

    Returns:
        ``"did you mean a, b?"``, or the known names where none is near.
    """
    names = sorted(known)
    begin = [name for name in names if given and name.startswith(given)]
    near = list(dict.fromkeys([*begin, *difflib.get_close_matches(given, names, n=3, cutoff=0.5)]))[:3]
    if near:
        return f"did you mean {', '.join(near)}?"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"known: {shown}." if names else "there are none."


def listed(names: Sequence[str], most: int = 3) -> str:
    """Write names as a list that stays short.

    Example:
        >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
        ('a', 'a and b', 'a, b, c and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
