"""The row of controls above the desk: mode, presets, planner, criterion and the menus."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.criteria import CRITERIA, criterion_title
from prunekit.errors import listed
from prunekit.records import Mode
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


def offered_criteria(opened: "Opened") -> list[str]:
    """Return the criteria that a task can be cut by in the desk's mode: without a train split there are fewer."""
    has_train, of_weights = opened.task.data.train is not None, session().mode is Mode.WEIGHTS
    return [
        criterion.name
        for criterion in tuple(CRITERIA.values())
        if (has_train or not criterion.needs) and (criterion.scores_weights or not of_weights)
    ]


def toolbar(opened: "Opened") -> None:
    """Draw the controls; each changes the session before the page runs again."""
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
            format_func=lambda name: literal(criterion_title(name)),
            captions=[literal(CRITERIA[name].caption) for name in offered],
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
            readers = [literal(criterion.title) for criterion in tuple(CRITERIA.values()) if criterion.needs]
            st.caption(
                f"{listed([*readers, 'recalibration'], most=9)} look at train samples, and this task has no train "
                "split: give its project one to have them."
            )


def _set(opened: "Opened", what: str) -> None:
    value = by_hand(what)
    if value is not None:
        session().recipe = replace(desk_recipe(opened), **{what: value})
