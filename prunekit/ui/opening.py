"""The beginning of every page: its title at once, then the task as soon as it is open."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.tasks.zoo import BUNDLED
from prunekit.ui.job_bar import job_bar
from prunekit.ui.state import objects, recovered, tickets, trial
from prunekit.ui.state.jobs import follow
from prunekit.ui.state.reading import ready
from prunekit.ui.state.restoring import show_run, take_link
from prunekit.ui.state.session import session
from prunekit.ui.state.titles import task_title
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from prunekit.engine import Ticket
    from prunekit.verbs import Opened


def offered_tasks(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the tasks a visitor may pick: first what this process has opened itself, or was started with.

    Only the person who starts the server can name a project: its code will run.
    """
    named = environment.get(tickets.TASK_VARIABLE, "").strip()
    return tuple(dict.fromkeys(filter(None, (*objects.names(), named, *BUNDLED))))


def opening() -> "Ticket[Opened]":
    """Start to open this tab's task, or return the ticket of whoever has started that before."""
    return tickets.start(session().task, tickets.upload_in_use())


def title_row() -> "DeltaGenerator":
    """Return a row for a page's title and the buttons that stand beside it."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall")


def opened_task(title: str, row: "DeltaGenerator | None" = None) -> "Opened":
    """Paint a page's title and return its task; the run ends here while the task is being opened.

    Args:
        title: the page's title.
        row: where it goes, if something shall stand beside it.
    """
    if row is None:
        st.title(title, anchor=False)
    else:
        with row, st.container(width="stretch"):  # as wide as possible, so that the buttons are on the right
            st.title(title, anchor=False)
    ticket = opening()
    if not ticket.finished:
        follow("opening", _skeleton, lambda: not ticket.finished)
        st.stop()
    opened = ticket.snapshot().latest
    if opened is None:
        _refuse(ticket.snapshot().error)
    assert opened is not None
    take_link(opened)
    recovered.take(opened)
    show_run(opened)
    ready(opened)
    job_bar(opened)
    return opened


def _skeleton() -> None:
    """Write that the task is being opened; a moving skeleton would take the browser a core that the opening needs."""
    st.caption(f"Opening {literal(task_title(session().task))} …")


def _refuse(error: str | None) -> None:
    now, upload = session(), tickets.upload_in_use()
    if upload is not None:  # its own weights open without it
        now.clear_desk()
        now.upload = None
        trial.refuse(upload, error)
        st.rerun()
    reason = f"{task_title(now.task)} cannot be opened. {error or 'Nothing says why.'}"
    st.error(literal(reason), icon=":material/error:")
    if len(offered_tasks()) > 1:
        st.caption("Another task can be picked in the sidebar.")
    if st.button("Try again", icon=":material/refresh:"):
        tickets.forget(now.task)
        st.rerun()
    st.stop()
