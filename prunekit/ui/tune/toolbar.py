"""The row of controls above the desk: mode, presets, planner, criterion and the menus."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.records import Mode, criterion_title
from prunekit.ui.state import moves
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import by_hand, keyed, session
from prunekit.ui.tune.bits import bits_menu
from prunekit.ui.tune.blocks import blocks_menu
from prunekit.ui.tune.planner import planner
from prunekit.ui.tune.timing import latency_menu
from prunekit.ui.widgets.mode import mode_switch
from prunekit.ui.widgets.text import literal, titled

if TYPE_CHECKING:
    from prunekit.verbs import Opened

CRITERIA = {
    "l1": "The sum of a channel's absolute weights; the smallest go first.",
    "l2": "The length of a channel's weights; the shortest go first.",
    "bn_scale": "How much the normalisation behind a channel lets through.",
    "taylor": "What the loss would lose, by its gradient on train samples.",
    "wanda": "A weight's size times how loud its input is on train samples.",
    "lamp": "Sizes that can be held against other layers': pair it with the global preset.",
    "random": "Drawn with the recipe's seed; what any other criterion should beat.",
}
"""What each criterion looks at."""

OF_TRAIN_DATA = ("taylor", "wanda")
"""Criteria that look at train samples."""


def offered_criteria(opened: "Opened") -> list[str]:
    """Return the criteria that a task can be cut by: without a train split there are fewer."""
    return [name for name in CRITERIA if opened.task.data.train is not None or name not in OF_TRAIN_DATA]


def toolbar(opened: "Opened") -> None:
    """Draw the controls; each changes the session before the page runs again."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        mode_switch()
        _presets(opened)
        planner(opened)
        _criterion(opened)
        bits_menu(opened)
        blocks_menu(opened)
        latency_menu(opened)


def _presets(opened: "Opened") -> None:
    with st.popover("Preset", icon=":material/equalizer:"):
        name = st.segmented_control(
            "Spread one sparsity",
            list(moves.PRESETS),
            default="uniform",
            required=True,
            format_func=titled,
            key="preset-name",
        )
        st.caption(moves.PRESETS[name or "uniform"])
        percent = st.slider("Sparsity", 0, 95, 50, 5, format="%d %%", key="preset-sparsity")
        st.button(
            "Apply",
            on_click=moves.ask_preset,
            args=(opened, name, percent / 100),
            disabled=moves.preset_pending(),
        )
        if session().mode is Mode.WEIGHTS:
            st.button(
                "2:4 in every inner layer",
                on_click=moves.put_pattern,
                args=(opened,),
                help="Of every 4 neighbouring weights along a layer's inputs the 2 with the lowest scores are zero: "
                "the pattern that some accelerators run faster. On a CPU it saves no time.",
            )


def _criterion(opened: "Opened") -> None:
    recipe, offered = desk_recipe(opened), offered_criteria(opened)
    has_train = opened.task.data.train is not None
    recalibrates = recipe.recalibrate and has_train
    with st.popover(f"By {literal(criterion_title(recipe.criterion))}", icon=":material/filter_alt:"):
        st.radio(
            "Criterion: what goes first",
            offered,
            offered.index(recipe.criterion) if recipe.criterion in offered else None,
            key=keyed("criterion", recipe.criterion),
            format_func=criterion_title,
            captions=[CRITERIA[name] for name in offered],
            on_change=_set,
            args=(opened, "criterion"),
        )
        st.toggle(
            "Recalibrate BatchNorm",
            recalibrates,
            key=keyed("recalibrate", recalibrates),
            on_change=_set,
            args=(opened, "recalibrate"),
            disabled=not has_train,
            help="Estimate the normalisation's statistics anew on train samples after the cut. A network that "
            "collapsed to chance is often well again after this; the raw value stands beside it.",
        )
        if not has_train:
            st.caption(
                "Taylor, Wanda and recalibration look at train samples, and this task has no train split: give its "
                "project one to have them."
            )


def _set(opened: "Opened", what: str) -> None:
    value = by_hand(what)
    if value is not None:
        session().recipe = replace(desk_recipe(opened), **{what: value})
