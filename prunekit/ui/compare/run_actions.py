"""What can be done with one run: put it on the desk, star, time, share and delete it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.errors import WorkspaceError, listed
from prunekit.figures.history import called
from prunekit.records import Run
from prunekit.timing.latency import LEAST, ROUNDS
from prunekit.ui.state import jobs, restoring
from prunekit.ui.state.reading import recipe_of
from prunekit.ui.state.session import session
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def run_actions(opened: "Opened", runs: Sequence[Run], run: Run, desk: Run | None) -> None:
    """Draw the buttons of one run, and how far its timing has come.

    Args:
        opened: the task.
        runs: the history.
        run: one of them.
        desk: the one on the desk, if one is.
    """
    owner = jobs.owner(opened, "latency", run.recipe.digest)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "On the desk" if run == desk else "Put on the desk",
            icon=":material/tune:",
            disabled=run == desk,
            on_click=restoring.restore,
            args=(opened, run),
            help="Its bars come back; what was on the desk stays in the history.",
        )
        st.button(
            "Unstar" if run.starred else "Star",
            icon=":material/star:",
            on_click=opened.workspace.star,
            args=(run.id, not run.starred),
        )
        st.button(
            "Time it",
            icon=":material/timer:",
            on_click=_time,
            args=(opened, run, owner),
            disabled=jobs.running(owner),
            help="Measures its latency and the dense network's in turns, in a process of their own; a few seconds.",
        )
        _share(opened, run)
        _delete(opened, runs, run)
    jobs.follow("timing", lambda: _progress(owner), lambda: jobs.running(owner))


def _time(opened: "Opened", run: Run, owner: str) -> None:
    from prunekit import verbs

    # The recipe of the cut is enough: a recovered run has the same shapes, and so the same latency.
    jobs.start(owner, f"Timing {called(run)}", lambda: verbs.latency(opened, run.recipe), ROUNDS - LEAST + 1)


def _progress(owner: str) -> None:
    job = jobs.started(owner)
    if job is not None:
        progress(job, "rounds")


def _share(opened: "Opened", run: Run) -> None:
    with st.popover("Share", icon=":material/link:"):
        st.markdown("This address puts the run on the desk of whoever opens it on this server:")
        st.code(restoring.link_to(run), language=None, wrap_lines=True)
        st.download_button(
            "Save its recipe",
            recipe_of(opened, run).to_text(),
            f"{opened.task.name}-{run.id}.json",
            "application/json",
            key="run-recipe",
            icon=":material/download:",
            on_click="ignore",
        )


def _delete(opened: "Opened", runs: Sequence[Run], run: Run) -> None:
    def delete() -> None:
        try:
            restoring.delete(opened, run)
        except WorkspaceError as error:
            st.toast(literal(str(error)), icon=":material/error:", duration="infinite")
        else:
            session().run = None

    with st.popover("Delete", icon=":material/delete:"):
        st.markdown(f"Delete **{literal(called(run))}** for good?")
        if users := [called(other) for other in runs if other.recipe.base == run.id]:
            st.caption(f"Its weights are the base of {literal(listed(users))}; delete those first.")
        elif children := [called(other) for other in runs if other.parent == run.id]:
            follows = "continues" if len(children) == 1 else "continue"
            st.caption(f"{literal(listed(children))} {follows} what it came from; nothing else is lost.")
        st.button("Delete it", key="delete-run", icon=":material/delete:", on_click=delete, disabled=bool(users))
