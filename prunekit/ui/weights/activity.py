"""The share of zeros in the outputs of layers, on validation data."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.records import Activation
from prunekit.ui.state.cached import of_dense
from prunekit.ui.state.jobs import ask, follow
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import Question
from prunekit.ui.widgets.badges import BADGES
from prunekit.ui.widgets.chart import chart
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def activity(opened: "Opened") -> None:
    """Draw the share of zeros in every layer's output, on the desk and dense."""

    def draw() -> None:
        dense, desk = _dense(opened), _desk(opened)
        answer: tuple[Activation, ...] | None = desk.answer
        if error := dense.error or desk.error:
            st.error(literal(error), icon=":material/error:")
        elif answer is None:
            st.skeleton(height=360)
        else:
            _draw(answer, dense.answer or (), desk.finished)

    follow("activity", draw, lambda: not (_dense(opened).finished and _desk(opened).finished))


def _draw(desk: tuple[Activation, ...], dense: tuple[Activation, ...], finished: bool) -> None:
    from prunekit.figures.activations import activations, activations_table

    alt = f"Bars: the share of zeros in the output of each of {len(desk)} layers"
    beside = dense if dense != desk else ()
    chart(activations(desk, beside), activations_table(desk), "activations", alt)
    dead = sum(activation.dead for activation in desk)
    n = f" on {desk[0].n:,} validation samples" if desk else ""
    st.caption(f"{BADGES['measured' if finished else 'measuring']}{n}. {dead:,} channels are zero on all of them.")


def _dense(opened: "Opened") -> Question:
    from prunekit import verbs

    return Question("dense", of_dense("activations", opened.key.digest, lambda: verbs.activations(opened)))


def _desk(opened: "Opened") -> Question:
    from prunekit import verbs

    recipe = desk_recipe(opened)
    if recipe.is_dense and recipe.base is None:
        return _dense(opened)
    meanwhile = _dense(opened).answer
    return ask("activations", (opened.key, recipe), lambda: verbs.activations(opened, recipe), meanwhile)
