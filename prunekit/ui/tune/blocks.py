"""Switches for the blocks that can be removed whole, each with the harm that is known of it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.records import Removal
from prunekit.ui.state import jobs
from prunekit.ui.state.reading import base_recipe, desk_recipe
from prunekit.ui.state.session import Question, by_hand, keyed, session
from prunekit.ui.widgets.progress import progress
from prunekit.ui.widgets.text import literal, percent

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def blocks_menu(opened: "Opened") -> None:
    """Draw the menu that removes blocks."""
    gone = desk_recipe(opened).blocks
    count = len(gone)
    with st.popover(f"Blocks: {count} removed" if count else "Blocks", icon=":material/layers_clear:"):
        st.caption(
            "A block whose input and output have one shape can go whole: the network is really shorter. Influence is "
            "how far it turns its input (1 − cosine); damage is measured with the block alone gone."
        )
        question = _removals(opened)
        jobs.follow(
            "blocks",
            lambda: _draw(opened, gone),
            lambda: not question.finished or jobs.running(_owner(opened)),
            every=0.5,
        )


def _removals(opened: "Opened") -> Question:
    from prunekit import verbs

    return jobs.ask("blocks", opened.key, lambda: verbs.find_removals(opened))


def _owner(opened: "Opened") -> str:
    return jobs.owner(opened, "blocks")


def _start(opened: "Opened") -> None:
    from prunekit import verbs

    jobs.start(_owner(opened), "Removing each block alone", lambda: verbs.scan_blocks(opened))


def _draw(opened: "Opened", gone: tuple[str, ...]) -> None:
    """Draw the switches; ``gone`` are the blocks that were removed when the rest of the page was drawn."""
    if desk_recipe(opened).blocks != gone:
        st.rerun()  # a switch reruns this part only, and the whole page has to show its effect
    question = _removals(opened)
    removals: tuple[Removal, ...] = question.answer or ()
    if question.answer is None:
        st.caption("Looking for them …")
        return
    if not removals:
        st.info("No part of this network can be removed whole.", icon=":material/info:")
        return
    job = jobs.started(_owner(opened))
    if job is not None:
        progress(job, "blocks")
        known = {record.block.name: record for record in job.snapshot().records}
        removals = tuple(known.get(removal.block.name, removal) for removal in removals)
    if any(removal.reading is None for removal in removals):
        st.button("Measure the damage of each", on_click=_start, args=(opened,), disabled=jobs.running(_owner(opened)))
    base = base_recipe(opened)
    for removal in removals:
        _switch(opened, removal, base is not None and removal.block.name in base.blocks)


def _switch(opened: "Opened", removal: Removal, is_lost: bool) -> None:
    recipe, name = desk_recipe(opened), removal.block.name
    is_gone = name in recipe.blocks or is_lost
    widget = f"block-{name}"
    about = [f"{percent(removal.macs, 0)} of the MACs"]
    if removal.influence is not None:
        about.append(f"influence {removal.influence:.2f}")
    if removal.reading is not None and removal.drop is not None:
        about.append(f"alone {100 * removal.drop:+.1f} points")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(
            f"Remove {literal(name)}",
            is_gone,
            key=keyed(widget, is_gone),
            on_change=_set,
            args=(opened, name, widget),
            disabled=is_lost,
        )
        st.caption(" · ".join(about))


def _set(opened: "Opened", name: str, widget: str) -> None:
    value = by_hand(widget)
    if value is not None:
        recipe = desk_recipe(opened)
        blocks = {*recipe.blocks, name} if value else {*recipe.blocks} - {name}
        session().recipe = replace(recipe, blocks=tuple(blocks))
