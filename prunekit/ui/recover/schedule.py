"""The choices of a schedule: how to train, in the words of the field."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.ui.state.session import session
from prunekit.ui.widgets.number import Number, number_box
from prunekit.ui.widgets.training_text import OPTIMIZERS
from prunekit.words import meaning

if TYPE_CHECKING:
    from prunekit.recover.schedule import Schedule

RATE_BOUNDS = 1e-6, 1.0
"""The lowest and the highest learning rate that is offered: below, nothing is learned; above, all is lost."""
EPOCHS = 1, 2, 5, 10, 20, 40
BATCHES = 16, 32, 64, 128
DISTIL = {0.0: "Off", 0.3: "30 %", 0.6: "60 %", 0.9: "90 %"}
"""Shares of the loss that may follow the dense network."""
ROUNDS = {1: "Off", 2: "2 rounds", 3: "3 rounds", 5: "5 rounds"}


def usual() -> "Schedule":
    """Return what the choices begin with: the quickest that recovers something."""
    from prunekit.recover.schedule import Schedule

    return Schedule()


def recommended() -> "Schedule":
    """Return the recipe of the README: ``prunekit recover --fit-first --distil 0.9 --epochs 5``."""
    from prunekit.recover.schedule import Schedule

    return Schedule(epochs=5, distil=0.9, fit_first=True)


def preset() -> None:
    """Draw the button that sets every choice to the recommended recipe."""
    st.button(
        "Recommended settings",
        icon=":material/auto_fix_high:",
        on_click=_recommend,
        help="The README's recipe, `--fit-first --distil 0.9 --epochs 5`: 5 epochs of AdamW with a peak learning rate "
        "of 0.002 and a batch size of 64, 90 % distillation, reconstruction first, all at once.",
    )


def choices(seed: int) -> "tuple[Schedule, int]":
    """Draw the choices of a schedule, but for its learning rate: a box for a number is higher than they are."""
    from prunekit.recover.schedule import Schedule

    first = _first()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.segmented_control(
            "Epochs",
            EPOCHS,
            default=first.epochs,
            required=True,
            key=_key("epochs"),
            help=meaning("epochs"),
        )
        batch = st.segmented_control(
            "Batch size",
            BATCHES,
            default=first.batch,
            required=True,
            key=_key("batch"),
            help=meaning("batch size"),
        )
        optimizer = st.segmented_control(
            "Optimizer",
            list(OPTIMIZERS),
            default=first.optimizer,
            required=True,
            key=_key("optimizer"),
            format_func=OPTIMIZERS.__getitem__,
            help=meaning("optimizer"),
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        distil = st.segmented_control(
            "Distillation",
            list(DISTIL),
            default=first.distil,
            required=True,
            key=_key("distil"),
            format_func=DISTIL.__getitem__,
            help=meaning("distillation"),
        )
        rounds = st.segmented_control(
            "Iterative pruning",
            list(ROUNDS),
            default=1,
            required=True,
            key=_key("rounds"),
            format_func=ROUNDS.__getitem__,
            help=meaning("iterative pruning"),
        )
        fit_first = st.toggle(
            "Reconstruct first",
            first.fit_first,
            key=_key("fit-first"),
            help=meaning("reconstruct first"),
        )
    schedule = Schedule(
        epochs=epochs or first.epochs,
        batch=batch or first.batch,
        seed=seed,
        optimizer=optimizer or first.optimizer,
        distil=distil or 0.0,
        fit_first=fit_first,
    )
    return schedule, rounds or 1


def rate_box(schedule: "Schedule") -> Number:
    """Draw the box of the highest learning rate, which begins with that of a schedule."""
    return number_box(
        "Peak learning rate",
        *RATE_BOUNDS,
        schedule.lr,
        step=1e-3,
        format="%g",
        width=180,
        key=_key(f"lr-{schedule.optimizer}"),
        help=meaning("peak learning rate"),
    )


def _first() -> "Schedule":
    return recommended() if session().recommended else usual()


def _recommend() -> None:
    session().recommended += 1


def _key(widget: str) -> str:
    """Return a key that is new whenever the recommended settings were asked for, so that the widget begins with its."""
    pressed = session().recommended
    return f"{widget}-recommended-{pressed}" if pressed else widget
