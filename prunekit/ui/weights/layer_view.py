"""The selected layer: its weights with the cut, and the scores of its units."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.criteria import criterion_title
from prunekit.recipe import Recipe
from prunekit.records import LayerWeights, UnitScores
from prunekit.ui.state.jobs import follow
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import by_hand, keyed, session
from prunekit.ui.tune.desk import layer_row
from prunekit.ui.weights.picture import Picture, picture
from prunekit.ui.weights.units import click, unit_pickers
from prunekit.ui.widgets.badges import BADGES
from prunekit.ui.widgets.chart import chart, choosing_chart
from prunekit.ui.widgets.mode import mode_switch
from prunekit.ui.widgets.text import count, literal, percent

if TYPE_CHECKING:
    from prunekit.verbs import Opened

TAKEN, CHANGED = "What the cut takes", "Before and after"


def layer_view(opened: "Opened", with_row: bool = False, in_depth: bool = False) -> None:
    """Draw the picker and the selected layer's two charts.

    Args:
        opened: the task.
        with_row: whether to draw the slider and number box of the layer as well.
        in_depth: whether to offer both modes, other views of the weights, and lists of units to keep and drop.
    """
    layer = selected(opened)
    names = [layer.name for layer in opened.structure.layers]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Layer", names, names.index(layer), key=keyed("layer", layer), on_change=_select, width=320)
        if in_depth:
            mode_switch()
    if with_row:
        layer_row(opened, layer)
    view, logarithmic = _views() if in_depth else (TAKEN, False)

    def draw() -> None:
        question = picture(opened, desk_recipe(opened), layer)
        if question.error:
            st.error(literal(question.error), icon=":material/error:")
        elif question.answer is None:
            st.skeleton(height=360)
        else:
            with st.container():  # one element even when it is empty, so that what is below keeps its place
                if not question.finished:
                    st.caption(f"{BADGES['stale']} drawn for the desk before it moved")
            _draw(opened, question.answer, view, logarithmic)

    follow("layer", draw, lambda: not picture(opened, desk_recipe(opened), layer).finished)
    if in_depth:
        with st.container():
            shown: Picture | None = picture(opened, desk_recipe(opened), layer).answer
            if shown and shown.scores and shown.scores.group == opened.structure.layer(layer).group:
                unit_pickers(opened, shown.scores)


def selected(opened: "Opened") -> str:
    """Return the name of the layer that is looked at."""
    names = [layer.name for layer in opened.structure.layers]
    return session().layer if session().layer in names else names[0]  # type: ignore[return-value]  # None is in no names


def _select() -> None:
    session().layer = by_hand("layer") or session().layer


def _views() -> tuple[str, bool]:
    with st.container(horizontal=True):
        view = st.segmented_control("Weights", [TAKEN, CHANGED], default=TAKEN, required=True, key="weights-view")
        scale = st.segmented_control("Count", ["Linear", "Log"], default="Linear", required=True, key="weights-scale")
    return view or TAKEN, scale == "Log"


def _draw(opened: "Opened", shown: Picture, view: str, logarithmic: bool) -> None:
    histogram, ranked = st.columns(2)
    with histogram:
        _weights(shown.weights, view, logarithmic)
    with ranked:
        if shown.scores is None:
            reason = opened.structure.layer(shown.weights.dense.layer).protected or ""
            st.info(f"This layer's channels are protected: {literal(reason)}.", icon=":material/lock:")
        else:
            _scores(opened, desk_recipe(opened), shown.scores)


def _weights(weights: LayerWeights, view: str, logarithmic: bool) -> None:
    from prunekit.figures.layer_weights import layer_histogram, layer_histogram_table, layer_overlay

    draw = layer_overlay if view == CHANGED else layer_histogram
    alt = (
        f"Histogram of the weights of {weights.dense.layer}: {weights.dense.n:,} dense, {weights.desk.n:,} on the desk"
    )
    chart(draw(weights, logarithmic), layer_histogram_table(weights), "layer-weights", alt)
    st.caption(_summary(weights))


def _summary(weights: LayerWeights) -> str:
    """Write how many weights are left, how many of them are zero, and the threshold."""
    text = f"{count(weights.desk.n)} of {count(weights.dense.n)} weights are left"
    if weights.desk.zeros:
        text += f", {percent(weights.desk.zeros / weights.desk.n)} of them zero"
    if weights.threshold is not None:
        text += f"; the lines are at ±{weights.threshold:.4g}, between them weights are zeroed"
    return f"{text}."


def _scores(opened: "Opened", recipe: Recipe, scores: UnitScores) -> None:
    from prunekit.figures.unit_scores import unit_scores, unit_scores_table

    kept, units = len(scores.kept), len(scores.values)
    alt = f"Scores of the {units} units of {scores.group}, lowest first; {kept} are kept"
    choosing_chart(
        unit_scores(scores, criterion_title),
        unit_scores_table(scores),
        "unit-scores",
        alt,
        lambda unit: click(opened, scores, int(unit)),
        state=(recipe, scores.group),
    )
    hand = [f"{len(units)} {word}" for word, units in (("kept", scores.keep), ("dropped", scores.drop)) if units]
    by_hand = f", {' and '.join(hand)} by hand" if hand else ""
    st.caption(f"{kept} of {units} units stay{by_hand}. Click one to drop or keep it; click again to let it go.")
