"""The choices of a schedule: how to train."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.ui.widgets.number import Number, number_box

if TYPE_CHECKING:
    from prunekit.recover.schedule import Schedule

RATE_BOUNDS = 1e-6, 1.0
"""The lowest and the highest learning rate that is offered: below, nothing is learned; above, all is lost."""
DISTIL = {0.0: "Off", 0.3: "30 %", 0.6: "60 %", 0.9: "90 %"}
"""Shares of the loss that may follow the dense network."""


def choices(seed: int) -> "tuple[Schedule, int]":
    """Draw the choices of a schedule, but for its learning rate: a box for a number is higher than they are."""
    from prunekit.recover.schedule import Schedule

    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.segmented_control(
            "Passes over the train samples", [1, 2, 5, 10, 20, 40], default=2, required=True, key="epochs"
        )
        batch = st.segmented_control("Samples in one step", [16, 32, 64, 128], default=64, required=True, key="batch")
        optimizer = st.segmented_control(
            "Optimizer",
            ["adamw", "sgd"],
            default="adamw",
            required=True,
            key="optimizer",
            format_func={"adamw": "AdamW", "sgd": "SGD"}.__getitem__,
        )
        rounds = st.segmented_control(
            "Rounds", [1, 2, 3, 5], default=1, required=True, key="rounds", help="Cut a little, recover, and again."
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        distil = st.segmented_control(
            "Follow the dense network",
            list(DISTIL),
            default=0.0,
            required=True,
            key="distil",
            format_func=DISTIL.__getitem__,
            help="Distillation: this share of the loss is the distance from the dense network's answers and from what "
            "its layers read, the rest comes from labels. A mild cut stands 90 %, a strong one has less to follow. "
            "Takes about a third longer.",
        )
        fit_first = st.toggle(
            "Reconstruct first",
            key="fit-first",
            help="Fits what reads cut channels by least squares before the training: a much better start after a "
            "strong cut, for some seconds.",
        )
    schedule = Schedule(
        epochs=epochs or 2,
        batch=batch or 64,
        seed=seed,
        optimizer=optimizer or "adamw",
        distil=distil or 0.0,
        fit_first=fit_first,
    )
    return schedule, rounds or 1


def rate_box(schedule: "Schedule") -> Number:
    """Draw the box of the highest learning rate, which begins with that of a schedule."""
    return number_box(
        "Highest learning rate",
        *RATE_BOUNDS,
        schedule.lr,
        step=1e-3,
        format="%g",
        width=180,
        key=f"lr-{schedule.optimizer}",
        help="Rises to it and falls again, once. Strong cuts that are trained for long stand several times the "
        "value that is offered.",
    )
