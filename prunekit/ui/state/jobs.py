"""Questions to the worker, and parts of a page that are redrawn as its answers come, so that no page has to wait."""

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from prunekit.engine import Ticket
from prunekit.engine.shared import worker
from prunekit.ui.net import net
from prunekit.ui.state.session import Question, Session, session

if TYPE_CHECKING:
    from prunekit.verbs import Opened

T = TypeVar("T")

EVERY = 0.2
"""Seconds between two checks of a ticket."""


def ask(
    kind: str,
    about: Hashable,
    work: Callable[[], Iterable[Any]],
    meanwhile: Any = None,
    now: Session | None = None,
) -> Question:
    """Ask on behalf of the page, between two steps of any job; the newest question of a kind wins.

    Asking the same question again returns the same answer, so a page asks on every run.

    Args:
        kind: the kind of question; this tab's earlier question of the kind is superseded.
        about: everything the answer depends on.
        work: starts the answer.
        meanwhile: shown until there is an answer, where nothing of the kind was answered before.
        now: the tab that asks; the one whose script runs for ``None``.
    """
    now = now or session()
    with now.moving:
        current = now.questions.get(kind)
        if current is None or current.about != about:
            previous = None if current is None else current.answer
            previous = meanwhile if previous is None else previous
            current = now.questions[kind] = Question(about, worker().reading((now.id, kind), work), previous)
        return current


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
    jobs = worker().jobs(owner)
    return jobs[-1] if jobs else None


def of_task(opened: "Opened") -> tuple[Ticket[Any], ...]:
    """Return the jobs on a task, whoever started them, in the order in which they run."""
    begins, ends = opened.key.digest, str(opened.workspace.path)
    return tuple(
        job for job in worker().jobs() if job.owner.split(" ")[1:2] == [begins] and job.owner.endswith(f" {ends}")
    )


def running(owner: str) -> bool:
    """Return whether a job on something is under way or waits for its turn."""
    job = started(owner)
    return job is not None and not job.finished


def follow(key: str, draw: Callable[[], None], pending: Callable[[], bool], every: float = EVERY) -> None:
    """Draw a part of the page again and again while something is pending, and the whole page when that changes.

    Args:
        key: names the part.
        draw: draws it.
        pending: whether it will change by itself.
        every: seconds between two checks.
    """
    waits = pending()

    @st.fragment(run_every=every if waits else None, key=key)
    def part() -> None:
        # A container is one element of the page, however much is drawn in it. Without it, a part that draws more than
        # in its first run would cover the elements after it until the whole page has run.
        with st.container(), net():
            draw()
        if waits is not pending():  # it ended, or this very part began it
            st.rerun()

    part()
