"""A closer look at one layer: whether the criteria agree, and its kernels as images."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.criteria import criterion_title
from prunekit.records import Agreement, Kernels, Member, UnitScores
from prunekit.ui.state.jobs import ask, follow
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import Question
from prunekit.ui.weights.layer_view import selected
from prunekit.ui.weights.picture import picture
from prunekit.ui.weights.units import click
from prunekit.ui.widgets.badges import BADGES
from prunekit.ui.widgets.chart import chart, choosing_chart
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def closer(opened: "Opened") -> None:
    """Draw what else is known of the selected layer."""
    from prunekit import verbs

    layer = selected(opened)
    has_images = layer in verbs.kernel_layers(opened)
    is_ranked = opened.structure.group(opened.structure.layer(layer).group).protected is None
    agreement, images = st.columns(2) if has_images and is_ranked else (st.container(), st.container())
    if is_ranked:
        with agreement:
            follow("agreement", lambda: _draw_agreement(opened, layer), lambda: not _agreement(opened, layer).finished)
    if has_images:
        with images:
            follow("kernels", lambda: _draw_kernels(opened, layer), lambda: not _kernels(opened, layer).finished)


def _kernels(opened: "Opened", layer: str) -> Question:
    from prunekit import verbs

    recipe = desk_recipe(opened)
    return ask("kernels", (opened.key, recipe, layer), lambda: iter([verbs.kernels(opened, recipe, layer)]))


def _draw_kernels(opened: "Opened", layer: str) -> None:
    from prunekit.figures.kernels import kernels, kernels_table

    question, recipe = _kernels(opened, layer), desk_recipe(opened)
    layer_kernels: Kernels | None = question.answer
    if question.error:
        st.error(literal(question.error), icon=":material/error:")
    elif layer_kernels is None or layer_kernels.layer != layer:
        st.skeleton(height=300)
    else:
        alt = (
            f"Kernels of the first {len(layer_kernels.values)} channels of {layer}; {sum(layer_kernels.kept)} are kept"
        )
        scores = picture(opened, recipe, layer).answer.scores if picture(opened, recipe, layer).answer else None
        figure, rows, state = kernels(layer_kernels), lambda: kernels_table(layer_kernels), (recipe, layer)
        if scores is None:
            chart(figure, rows, "kernels", alt)
            return
        choosing_chart(
            figure, rows, "kernels", alt, lambda channel: _click(opened, scores, layer, int(channel)), state=state
        )
        st.caption("A cross marks what goes. Click a channel to drop or keep it; click again to let it go.")


def _click(opened: "Opened", scores: UnitScores, layer: str, channel: int) -> None:
    weight = Member(opened.structure.layer(layer).weight, 0)
    unit = int(opened.structure.units(scores.group, weight)[channel])
    if unit >= 0:
        click(opened, scores, unit)


def _agreement(opened: "Opened", layer: str) -> Question:
    """Ask how the criteria rank the layer's units, which does not depend on how far it is cut."""
    from prunekit import verbs

    recipe, group = desk_recipe(opened), opened.structure.layer(layer).group
    question = opened.key, recipe.base, recipe.seed, group
    return ask("agreement", question, lambda: verbs.agreement(opened, recipe, group))


def _draw_agreement(opened: "Opened", layer: str) -> None:
    from prunekit.figures.agreement import agreement, agreement_table

    question = _agreement(opened, layer)
    correlations: Agreement | None = question.answer
    if question.error:
        st.error(literal(question.error), icon=":material/error:")
    elif correlations is None:
        st.skeleton(height=360)
    else:
        alt = f"Rank correlations of {len(correlations.criteria)} criteria on the units of {correlations.group}"
        chart(agreement(correlations, criterion_title), agreement_table(correlations), "agreement", alt)
        chance = min(1.0, 2 / correlations.units**0.5)
        text = f"Rank correlations over {correlations.units} units; chance alone reaches about {chance:.2f}."
        st.caption(text if question.finished else f"{BADGES['measuring']} {text}")
