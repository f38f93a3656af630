"""The weights of all layers at a glance."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.records import Histogram
from prunekit.ui.state.cached import of_dense
from prunekit.ui.state.jobs import ask, follow
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import Question, session
from prunekit.ui.weights.layer_view import selected
from prunekit.ui.widgets.badges import BADGES
from prunekit.ui.widgets.chart import chart, choosing_chart
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened

HEATMAP, RIDGES = "Heatmap", "Ridges"
DESK, DENSE = "On the desk", "Dense"


def overview(opened: "Opened") -> None:
    """Draw where the weights of all layers lie, before the cut or after it."""
    with st.container(horizontal=True):
        shape = st.segmented_control("Draw", [HEATMAP, RIDGES], default=HEATMAP, required=True, key="overview-shape")
        when = DESK
        if shape == HEATMAP:
            when = st.segmented_control("Weights of", [DESK, DENSE], default=DESK, required=True, key="overview-when")

    def draw() -> None:
        dense, desk = _dense(opened), _desk(opened)
        if error := dense.error or desk.error:
            st.error(literal(error), icon=":material/error:")
        elif dense.answer is None or desk.answer is None:
            st.skeleton(height=420)
        else:
            with st.container():  # one element even when it is empty, so that the chart below stays in place
                if when == DESK and not desk.finished:
                    st.caption(f"{BADGES['stale']} drawn for the desk before it moved")
            if shape == RIDGES:
                _ridges(dense.answer, desk.answer)
            else:
                _heatmap(opened, dense.answer if when == DENSE else desk.answer)

    follow("overview", draw, lambda: not (_dense(opened).finished and _desk(opened).finished))


def _dense(opened: "Opened") -> Question:
    from prunekit import verbs

    return Question(
        "dense", of_dense("bins", opened.digest, lambda: iter([verbs.histograms(opened, common_range=True)]))
    )


def _desk(opened: "Opened") -> Question:
    """Ask for the bins of the desk's network; a desk that has cut nothing needs no new ones."""
    from prunekit import verbs

    recipe = desk_recipe(opened)
    if recipe.is_dense and recipe.base is None:
        return _dense(opened)
    question, meanwhile = (opened.key, recipe), _dense(opened).answer
    return ask("bins", question, lambda: iter([verbs.histograms(opened, recipe, common_range=True)]), meanwhile)


def _heatmap(opened: "Opened", histograms: tuple[Histogram, ...]) -> None:
    from prunekit.figures.distributions import distributions, distributions_table

    layer = selected(opened)
    alt = f"Heatmap: where the weights of each of {len(histograms)} layers lie"
    figure = distributions(histograms, layer)
    names = [row.layer for row in histograms]
    choosing_chart(figure, lambda: distributions_table(histograms), "distributions", alt, _choose, names, state=layer)


def _ridges(dense: tuple[Histogram, ...], desk: tuple[Histogram, ...]) -> None:
    from prunekit.figures.distributions import distributions_table
    from prunekit.figures.ridgeline import ridgeline

    alt = f"Ridges: the shape of the weights of each of {len(desk)} layers"
    chart(ridgeline(desk, dense if dense != desk else ()), lambda: distributions_table(desk), "ridges", alt)


def _choose(layer: str) -> None:
    session().layer = layer
