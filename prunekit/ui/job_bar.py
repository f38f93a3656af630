"""The jobs on the desk's task in the sidebar of every page: how far each is, how to stop it, and what it brought."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from prunekit.engine import State, Ticket
from prunekit.records import Epoch
from prunekit.ui.state import jobs, recovered, trial
from prunekit.ui.state.session import session
from prunekit.ui.widgets.text import duration, literal, percent

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def job_bar(opened: "Opened") -> None:
    """Draw the jobs under way, and the page anew when one begins or ends."""

    def running() -> tuple[Ticket[Any], ...]:
        return tuple(job for job in jobs.of_task(opened) if not job.finished)

    def draw() -> None:
        for job in running():
            _row(job)
        _offer(opened)

    with st.sidebar:
        jobs.follow("trial", _trial, trial.pending)
        jobs.follow("job-bar", draw, lambda: bool(running()), every=1.0)


def _trial() -> None:
    tried = session().tried
    if tried is not None:
        st.caption(f"Opening {literal(tried.name)} …")


def _row(job: Ticket[Any]) -> None:
    now = job.snapshot()
    share = now.done / now.total if now.total else getattr(now.latest, "share", None)
    seconds_left = now.seconds_left
    # A recovery that is gone on with had done some of it before.
    begun = next((record.begun for record in now.records if isinstance(record, Epoch)), 0.0)
    if share is not None and share > begun and not now.total:
        seconds_left = now.elapsed * (1 - share) / (share - begun)
    parts = [literal(now.label)]
    if job.stopping:
        parts.append("stopping")
    elif now.state is State.QUEUED:
        parts.append("waits")
    else:
        parts += [percent(share, 0)] if share is not None else []
        parts += [f"{duration(seconds_left)} left"] if seconds_left is not None else []
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):  # the text wraps, so that the button stays beside it
            st.caption(f":material/hourglass_top: {' · '.join(parts)}")
        st.button("Cancel", key=f"bar-stop-{job.id}", type="tertiary", on_click=job.cancel, disabled=job.stopping)


def _offer(opened: "Opened") -> None:
    run = session().offered
    if run is None:
        return
    value = f": {percent(run.readings[0].value)}" if run.readings else ""
    st.caption(f":material/healing: A recovery has ended{value}. The desk has moved since.")
    with st.container(horizontal=True):
        st.button("Take it", key="offered-take", on_click=recovered.take_offered, args=(opened,))
        st.button("Leave it", key="offered-leave", type="tertiary", on_click=recovered.leave_offered)
