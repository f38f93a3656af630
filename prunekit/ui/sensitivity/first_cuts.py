"""Where to cut first: the ranking of a scan, and the recipe that it suggests."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.recipe import Recipe, kept_units
from prunekit.records import Cost, Mode, Suggestion
from prunekit.ui.sensitivity.scanning import Scan
from prunekit.ui.state import moves
from prunekit.ui.state.reading import base_recipe, desk_recipe
from prunekit.ui.state.rows import rows
from prunekit.ui.state.session import session
from prunekit.ui.widgets.chart import choosing_chart
from prunekit.ui.widgets.text import count, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from prunekit.verbs import Opened

ALLOWED = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Nats of KL divergence that may be allowed."""


def first_cuts(opened: "Opened", scan: Scan, protected: dict[str, str], choose: "Callable[[str], None]") -> None:
    """Draw the ranking of groups or layers by harm for what they save, and offer the recipe that it suggests."""
    from prunekit.figures.ranking import WORDS, ranking, ranking_table
    from prunekit.search.ranking import RESOURCES, rank, suggest

    with st.container(horizontal=True, vertical_alignment="bottom"):
        resources = RESOURCES[scan.mode]
        resource = resources[0]
        if len(resources) > 1:
            resource = (
                st.segmented_control(
                    "Harm for each",
                    resources,
                    default=resource,
                    required=True,
                    format_func={"macs": "MAC saved", "params": "Parameter saved"}.__getitem__,
                    key="scan-resource",
                )
                or resource
            )
        allowed = st.select_slider(
            "Harm allowed, nats of KL divergence", ALLOWED, 0.1, key="scan-allowed", format_func=str, width=320
        )
    ranks = rank(scan.points, opened.structure, scan.mode, resource, allowed)
    alt = f"{len(ranks)} parts by their harm for the {WORDS[resource]} that cutting them alone saves"
    names = [ranked.name for ranked in ranks]
    choosing_chart(
        ranking(ranks, resource, protected), ranking_table(ranks, resource), "ranking", alt, choose, names=names
    )
    unranked = [name for name in scan.names if name not in names]
    if unranked and scan.remaining["picture"] == 0:
        st.caption(f"Not ranked, since no level removes anything of them: {len(unranked)}.")
    _suggestion(opened, scan, suggest(scan.points, opened.structure, scan.mode, resource, allowed))


def _suggestion(opened: "Opened", scan: Scan, suggestion: Suggestion) -> None:
    if not suggestion.levels:
        st.caption(":material/info: Nothing can be cut within this harm; allow more.")
        return
    recipe = suggested(opened, scan.mode, suggestion)
    is_here = recipe == desk_recipe(opened)
    with st.container(border=True):
        st.markdown(
            f"**The scan suggests to cut {len(suggestion.levels)} of {len(scan.names)}**, step by step where the least "
            f"harm is added for what is saved. {_saves(opened, scan.mode, recipe)} The harms of these cuts alone add "
            f"up to {suggestion.kl:.3f} nats :gray-badge[estimated]; together they may do more or less: the desk "
            "measures it."
        )
        st.button(
            "On the desk" if is_here else "Put on the desk",
            key="scan-put",
            icon=":material/tune:",
            on_click=moves.put,
            args=(recipe,),
            disabled=is_here,
        )


def suggested(opened: "Opened", mode: Mode, suggestion: Suggestion) -> Recipe:
    """Return the desk's recipe with all that is not pinned cut as suggested, and no less than in its base."""
    recipe, pinned = desk_recipe(opened), session().hand.pinned
    bars = [row for row in rows(opened.structure, recipe, mode, base_recipe(opened)) if not row.protected]
    levels = {
        row.cuts: row.sparsity if row.cuts in pinned else max(row.floor, suggestion.levels.get(row.cuts, 0.0))
        for row in bars
    }
    cuts = {name: level for name, level in levels.items() if level}
    return replace(recipe, channels=cuts) if mode is Mode.CHANNELS else replace(recipe, weights=cuts)


def _saves(opened: "Opened", mode: Mode, recipe: Recipe) -> str:
    """Write what remains of the network under a recipe, by the closed formulas."""
    whole = opened.structure.cost({})
    if mode is Mode.WEIGHTS:
        from prunekit.search.scan import sizes

        size = sizes(opened.structure, mode)
        zeros = sum(n - kept_units(n, recipe.weights[name]) for name, n in size.items() if name in recipe.weights)
        return f"It zeroes {count(zeros)} of {count(whole.params)} parameters ({percent(zeros / whole.params)})."
    kept = {
        group.name: kept_units(group.units, recipe.channels.get(group.name, 0.0), recipe.round_to.get(group.name, 1))
        for group in opened.structure.prunable
    }
    cost: Cost = opened.structure.cost(kept)
    return (
        f"It leaves {count(cost.macs)} MACs ({percent(cost.macs / whole.macs)}) and {count(cost.params)} parameters "
        f"({percent(cost.params / whole.params)})."
    )
