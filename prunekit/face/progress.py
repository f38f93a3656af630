"""Progress bars for whoever waits at a terminal or in a notebook."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from prunekit.records import Candidate, Epoch, Evaluation, Fitted, Latency, Outline, Point, Trial

Share = Callable[[int, Any], float | None]
"""Says of the number of records so far and the latest one how much of the work is done, 0–1."""

KNOWN = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
UNKNOWN = "{desc} {elapsed}{postfix}"


@contextmanager
def bar(label: str, share: Share | None, wanted: bool) -> Iterator[Callable[[int, Any], None]]:
    """Show a bar on standard error while the block runs; nothing where that is no terminal and no notebook.

    Args:
        label: what is done.
        share: how much of it is done; ``None`` where nobody knows.
        wanted: whether to show anything.

    Yields:
        What is to be called with the number of records so far and the latest one.
    """
    form = UNKNOWN if share is None else KNOWN
    with tqdm(total=1.0, desc=label, bar_format=form, disable=None if wanted else True, leave=False) as shown:

        def show(done: int, record: Any) -> None:
            part = None if share is None else share(done, record)
            shown.set_postfix_str(words(record), refresh=False)
            shown.update(0 if part is None else max(0.0, min(1.0, part) - shown.n))
            shown.refresh()

        yield show


def words(record: Any) -> str:
    """Say what a record is about; nothing where its name would say no more."""
    match record:
        case Point():
            return f"{record.name} at {record.level:g}"
        case Outline():
            return f"{record.networks} networks at most"
        case Trial():
            return f"KL to dense {record.kl:.4f}"
        case Candidate() | Evaluation():
            return str(record.reading)
        case Epoch():
            return f"loss {record.loss:.3f}" + (f", {record.reading}" if record.reading else "")
        case Fitted():
            return f"fitted {record.layer}, {record.done} of {record.total}"
        case Latency():
            return f"{record.rounds} rounds"
    return ""
