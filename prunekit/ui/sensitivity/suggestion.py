"""What the planner would begin with, by what is scanned: a recipe for the desk, before anything more is measured."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.records import Draft, Mode
from prunekit.ui.navigation import link
from prunekit.ui.sensitivity.scanning import Scan, owner
from prunekit.ui.state import jobs, moves
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import Question, session, shown
from prunekit.ui.widgets.text import count, literal, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prunekit.verbs import Opened

RESOURCES = {Mode.CHANNELS: ("macs", "MACs left, %"), Mode.WEIGHTS: ("params", "Parameters not zero, %")}
LEFT = 50
NAMED = 6
"""Cuts that are named; a table of the bars has them all."""


def suggestion(opened: "Opened", scan: Scan) -> None:
    """Draw how much to leave, and what the planner would cut for it by what is scanned."""
    st.subheader("What to cut for a target", anchor=False)
    _, label = RESOURCES[session().mode]
    st.slider(label, 5, 95, LEFT, 5, format="%d %%", key=_key(), width=320, persist_state="session")
    if jobs.running(owner(opened)):  # every point of it would be another question
        st.caption("It is worked out once the scan has ended.")
        return
    question = drafted(opened, scan)
    draft: Draft | None = question.answer
    if question.error:
        st.caption(f":material/info: {literal(question.error)} More of the scan, or a milder target, may help.")
    elif draft is None:
        st.caption("Working it out …")
    else:
        _draw(opened, draft)


def drafted(opened: "Opened", scan: Scan) -> Question:
    """Ask for the planner's first allocation from the desk, around what is pinned."""
    mode, recipe, pinned = session().mode, desk_recipe(opened), moves.pins(opened)
    left = shown(_key()) or LEFT

    def work() -> "Iterator[Draft]":
        from prunekit import verbs

        yield verbs.draft(opened, {RESOURCES[mode][0]: left / 100}, mode, recipe, pinned)

    return jobs.ask(f"draft-{mode.value}", (opened.key, recipe, pinned, left, scan.points), work)


def _key() -> str:
    return f"scan-left-{session().mode.value}"


def _draw(opened: "Opened", draft: Draft) -> None:
    mode, recipe, whole = session().mode, draft.recipe, opened.structure.cost({})
    cuts = recipe.channels if mode is Mode.CHANNELS else recipe.weights
    deepest = sorted(((name, float(level)) for name, level in cuts.items()), key=lambda cut: -cut[1])
    named = ", ".join(f"{literal(name)} {percent(level, 0)}" for name, level in deepest[:NAMED])
    more = f" and {len(deepest) - NAMED} more" if len(deepest) > NAMED else ""
    if mode is Mode.CHANNELS:
        leaves = (
            f"{count(draft.cost.macs)} MACs ({percent(draft.cost.macs / whole.macs)}) and "
            f"{count(draft.cost.params)} parameters ({percent(draft.cost.params / whole.params)})"
        )
    else:
        leaves = f"{count(draft.left)} parameters that are not zero ({percent(draft.left / whole.params)})"
    is_here = recipe == desk_recipe(opened)
    with st.container(border=True):
        st.markdown(f"**Cut {named}{more}.** That leaves {leaves}, exactly.")
        st.caption(
            "This is what Plan begins with: the least harm by these curves, each of a layer cut alone. Together they "
            "do more: the desk measures how much, and Plan goes on to improve it by measuring whole networks."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "On the desk" if is_here else "Put on the desk",
                key="scan-put",
                icon=":material/tune:",
                on_click=moves.put,
                args=(recipe,),
                disabled=is_here,
            )
            link("tune", "Plan on the desk")
