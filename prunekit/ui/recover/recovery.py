"""The controls of the Recover page: how to recover, how long that will take, and the start."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.ui.recover.schedule import choices, preset, rate_box
from prunekit.ui.state import jobs, reading
from prunekit.ui.state.recovered import owner
from prunekit.ui.widgets.number import Number, still_stand
from prunekit.ui.widgets.recipe_text import recipe_text
from prunekit.ui.widgets.summary import exact
from prunekit.ui.widgets.text import duration, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prunekit.recipe import Recipe
    from prunekit.records import Epoch, Fitted, Run
    from prunekit.recover.schedule import Schedule
    from prunekit.verbs import Opened
    from prunekit.verbs.unfinished import Recovery

METHODS = {
    "finetune": "Trains a copy of the desk's network; zeroed weights stay zero, weights of few bits are trained as "
    "such. The best network by validation is kept, also when you stop early; a killed recovery goes on where it was.",
    "reconstruct": "Fits what reads cut channels to what it said before, by least squares on train samples, without "
    "training. A good start for fine-tuning.",
}
OFFERED = 3
"""Unfinished recoveries that are offered, the latest first."""


def unfinished(opened: "Opened") -> None:
    """Offer to go on with recoveries whose process was killed."""
    from prunekit import verbs

    for number, recovery in enumerate(verbs.unfinished(opened)[:OFFERED]):
        which = f"round {len(recovery.done) + 1} of {recovery.rounds}, " if recovery.rounds > 1 else ""
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/pause_circle: A recovery has not ended: {which}{recovery.schedule.epochs} epochs, "
                f"{literal(recipe_text(recovery.recipe))}.",
                width="stretch",
            )
            st.button("Go on", key=f"go-on-{number}", on_click=_go_on, args=(opened, recovery))
            st.button("Forget it", key=f"forget-{number}", on_click=verbs.forget, args=(opened, recovery))


def controls(opened: "Opened") -> None:
    """Draw how to recover and the button that starts it."""
    if opened.task.data.train is None:
        st.info(
            "This task has no train split, which a recovery needs. Recalibration, taylor and wanda are off for "
            "the same reason. Give the project's data a train split to have them.",
            icon=":material/info:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.segmented_control(
            "How to recover",
            list(METHODS),
            default="finetune",
            required=True,
            key="method",
            format_func={"finetune": "Fine-tune", "reconstruct": "Reconstruct, without training"}.__getitem__,
        )
        if method == "finetune":
            preset()
    st.caption(METHODS[method or "finetune"])
    waits = exact(opened) is None
    if method == "reconstruct":
        st.button("Reconstruct", icon=":material/healing:", on_click=_reconstruct, args=(opened,), disabled=waits)
        return
    schedule, rounds = choices(reading.desk_recipe(opened).seed)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rate = rate_box(schedule)
        schedule = schedule if rate.refusal else replace(schedule, lr=rate.value)
        st.button(
            "Fine-tune",
            icon=":material/healing:",
            on_click=_start,
            args=(opened, schedule, rounds, rate),
            disabled=waits or bool(rate.refusal),
            help="Waits for the exact reading.",
        )
    if not waits and not rate.refusal and not jobs.running(owner(opened)):
        st.caption(_announced(opened, schedule, rounds))


def _announced(opened: "Opened", schedule: "Schedule", rounds: int) -> str:
    from prunekit import verbs

    recipe = reading.desk_recipe(opened)
    # The time of a step does not depend on the learning rate.
    question = opened.key, recipe, replace(schedule, lr=None), rounds
    time = jobs.ask("recovery time", question, lambda: verbs.recovery_seconds(opened, recipe, schedule, rounds))
    if time.error:
        return literal(time.error)
    if not time.finished:
        return "Timing a few steps …"
    beside = " The reconstruction before is not counted." if schedule.fit_first else ""
    return f"Will take about {duration(time.answer)}, by the clock of a few steps and a validation.{beside}"


def parent(opened: "Opened") -> str | None:
    """Return the run that holds the desk's cut; ``None`` where the head of the history is another."""
    head = opened.workspace.head(opened.key)
    is_desk = head is not None and reading.recipe_of(opened, head) == reading.desk_recipe(opened)
    return head.id if head is not None and is_desk else None


def _start(opened: "Opened", schedule: "Schedule", rounds: int, rate: Number) -> None:
    if not still_stand(rate):
        return
    recipe, cut = reading.desk_recipe(opened), parent(opened)
    jobs.start(owner(opened), "Fine-tuning", lambda: _steps(opened, recipe, rounds, schedule, cut))


def _go_on(opened: "Opened", recovery: "Recovery") -> None:
    how = recovery.rounds, recovery.schedule, recovery.parent
    jobs.start(owner(opened), "Fine-tuning", lambda: _steps(opened, recovery.recipe, *how))


def _steps(
    opened: "Opened", recipe: "Recipe", rounds: int, schedule: "Schedule", cut: str | None
) -> "Iterator[tuple[Epoch, ...] | Fitted | Epoch | Run]":
    """Recover, after all that a killed process had recorded of the same training in one record."""
    from prunekit import verbs

    yield verbs.earlier_epochs(opened, recipe, rounds, schedule)
    yield from verbs.recover_in_rounds(opened, recipe, rounds, schedule, cut)


def _reconstruct(opened: "Opened") -> None:
    from prunekit import verbs

    recipe, cut = reading.desk_recipe(opened), parent(opened)
    jobs.start(owner(opened), "Reconstructing", lambda: verbs.reconstruct(opened, recipe, cut))
