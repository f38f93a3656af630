"""Put runs of the history on this tab's desk, by a button or by a link."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin

import streamlit as st

from prunekit.errors import WorkspaceError
from prunekit.records import Run
from prunekit.ui.address import name_of
from prunekit.ui.state.reading import desk_recipe, recipe_of
from prunekit.ui.state.session import session

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def restore(opened: "Opened", run: Run | None) -> None:
    """Put a run on the desk; ``None`` is the task's own network."""
    now = session()
    with now.moving:
        opened.workspace.set_head(opened.key, run.id if run else None)
        now.recipe = recipe_of(opened, run)


def on_desk(opened: "Opened", runs: Iterable[Run]) -> Run | None:
    """Return the run that this tab's desk shows; ``None`` for the task's own network or a state not stored yet.

    Another tab may have moved the head of the history; this tab's desk stays where it is.
    """
    recipe, head = desk_recipe(opened), opened.workspace.head(opened.key)
    if recipe_of(opened, head) == recipe:
        return head
    return next((run for run in reversed(tuple(runs)) if recipe_of(opened, run) == recipe), None)


def delete(opened: "Opened", run: Run) -> None:
    """Take a run out of the history; where the desk shows it, its parent takes its place.

    Raises:
        WorkspaceError: other runs start from its weights.
    """
    now = session()
    with now.moving:
        desk = desk_recipe(opened)
        opened.workspace.delete(run.id)
        if desk == recipe_of(opened, run) or desk.base == run.id:
            now.recipe = recipe_of(opened, opened.workspace.head(opened.key))


def link_to(run: Run) -> str:
    """Return the address that puts a run on the desk of whoever opens it here."""
    query = urlencode({"task": name_of(session().task), "run": run.id})
    # The desk is the page in the folder that the other pages are in.
    return urljoin(st.context.url or "", f".?{query}")


def take_link(opened: "Opened") -> None:
    """Put the run that the address asks for on the desk, once; note why where that cannot be."""
    now = session()
    if now.linked is None:
        return
    run_id, now.linked = now.linked, None
    try:
        run = opened.workspace.run(run_id)
    except WorkspaceError:
        reason = f"There is no run {run_id} in this history."  # the error's own text may list a thousand runs
    else:
        reason = opened.key.refusal(run)
        if not reason:
            restore(opened, run)
    if reason:
        refuse(opened, f"{reason} The desk is as it was.")


def show_run(opened: "Opened") -> None:
    """Keep the run that the desk shows in the address, so that it can be copied and a reload comes back to it."""
    from prunekit import verbs

    head = opened.workspace.head(opened.key)
    run = head if recipe_of(opened, head) == desk_recipe(opened) else on_desk(opened, verbs.history(opened))
    shown = st.query_params.get("run")
    if run is None and shown is not None:
        del st.query_params["run"]
    elif run is not None and run.id != shown:
        st.query_params["run"] = run.id


def refuse(opened: "Opened", reason: str) -> None:
    """Note why the desk could not be changed as requested."""
    session().refused = reason, desk_recipe(opened)


def refusal(opened: "Opened") -> str:
    """Return the last refusal for as long as the desk has not changed since; empty if there is none."""
    now = session()
    if now.refused[1] != desk_recipe(opened):
        now.refused = "", None  # otherwise it would appear again when the desk returns to that state
    return now.refused[0]
