"""Asking the worker and following its answers without keeping a page waiting."""

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from prunekit.engine import Ticket
from prunekit.engine.shared import worker
from prunekit.ui.state.session import Asked, Session, session

if TYPE_CHECKING:
    from prunekit.verbs import Opened

T = TypeVar("T")

EVERY = 0.2
"""Seconds between two looks at a ticket."""


def ask(
    kind: str,
    question: Hashable,
    work: Callable[[], Iterable[Any]],
    meanwhile: Any = None,
    now: Session | None = None,
) -> Asked:
    """Ask on behalf of the page, between two steps of any job; the newest question of a kind wins.

    Asking the same question again returns the same answer, so a page asks on every run.

    Args:
        kind: what the question is about; this tab's earlier question of the kind is superseded.
        question: everything the answer depends on.
        work: starts the answer.
        meanwhile: shown until there is an answer, where nothing of the kind was answered before.
        now: the tab that asks; the one whose script runs for ``None``.
    """
    now = now or session()
    with now.moving:
        asked = now.asked.get(kind)
        if asked is None or asked.question != question:
            previous = None if asked is None else asked.answer
            previous = meanwhile if previous is None else previous
            asked = now.asked[kind] = Asked(question, worker().reading((now.id, kind), work), previous)
        return asked


def owner(opened: "Opened", what: str, *more: str) -> str:
    """Name what a job works on by all that its outcome depends on, and where that is stored.

    Args:
        opened: the task.
        what: what is done with it.
        more: what else that depends on.
    """
    return " ".join((what, opened.key.digest, *more, str(opened.workspace.path)))


def start(owner: str, label: str, work: Callable[[], Iterable[Any]], total: int | None = None) -> None:
    """Start a job that outlives the page, unless the same one is under way.

    Args:
        owner: what it works on; whoever looks at the same thing finds it again.
        label: what a person calls it.
        work: starts it.
        total: how many records it will yield, where that is known.
    """
    if not running(owner):
        worker().job(owner, label, work, total)


def started(owner: str) -> Ticket[Any] | None:
    """Return the job that was last started on something, by this tab or another."""
    found = worker().jobs(owner)
    return found[-1] if found else None


def running(owner: str) -> bool:
    """Return whether a job on something is under way or waits for its turn."""
    found = started(owner)
    return found is not None and not found.finished


def follow(key: str, draw: Callable[[], None], pending: Callable[[], bool], every: float = EVERY) -> None:
    """Draw a part of the page again and again while something is pending, and the whole page when that changes.

    Args:
        key: names the part.
        draw: draws it.
        pending: whether it will change by itself.
        every: seconds between two looks.
    """
    waits = pending()

    @st.fragment(run_every=every if waits else None, key=key)
    def part() -> None:
        # One place in the page, however much is drawn: what a part draws beyond its first run would else lie on what
        # follows it, whose own copies stay until the whole page has run.
        with st.container():
            draw()
        if waits is not pending():  # it ended, or this very part began it
            st.rerun()

    part()
