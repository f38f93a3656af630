"""The planner's question: targets, what a plan for them will cost, and the button that starts it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from prunekit.errors import listed
from prunekit.records import Mode, Outline
from prunekit.ui.sensitivity import scanning
from prunekit.ui.state import jobs, moves
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.state.session import Question, session
from prunekit.ui.widgets.number import Number, number_box, still_stand
from prunekit.ui.widgets.text import duration, literal, titled

if TYPE_CHECKING:
    from prunekit.verbs import Opened

RESOURCE_LABELS = {
    Mode.CHANNELS: {"macs": "MACs left, %", "params": "Parameters left, %", "bytes": "Bytes left, %"},
    Mode.WEIGHTS: {"params": "Parameters not zero, %"},
}


def owner(opened: "Opened") -> str:
    """Return the name under which plans of the desk's mode run."""
    return jobs.owner(opened, "plan", session().mode.value)


def planner(opened: "Opened") -> None:
    """Draw the planner's popover; what it finds is drawn by ``candidates``."""
    ticket = jobs.started(owner(opened))
    # Each plan gives the popover a new key, so that it closes when a plan starts.
    key = f"planner-{session().mode.value}-{ticket.id if ticket else ''}"
    icon = ":material/hourglass_top:" if jobs.running(owner(opened)) else ":material/flag:"
    # Its content is drawn even while it is closed. A popover that reports its closing to the script sends a request
    # of its own; if the click that closed it was on another page's link, that request would cancel the navigation.
    with st.popover("Plan", icon=icon, key=key):
        _question(opened)


def _question(opened: "Opened") -> None:
    st.markdown("**Find the recipe that meets targets with the least damage**")
    st.caption("All of them hold at once; an empty one lets anything be.")
    boxes = _targets(opened)
    worth = number_box(
        "Not worth pruning below, %",
        0.0,
        100.0,
        1.0,
        step=0.5,
        format="%g",
        key="plan-worth",
        persist_state="session",
        help="A layer that could save less than this of every targeted resource, alone and cut as far as a scan goes, "
        "stays whole: it would change the network for next to nothing. It is cut after all where the targets cannot "
        "be met without it.",
    )
    numbers = *boxes.values(), worth
    if any(number.refusal for number in numbers):
        st.button("Plan", icon=":material/play_arrow:", key="plan-start", disabled=True)
        return
    targets = _filled(opened, boxes)
    if not targets:
        st.caption(":material/info: Give a target to start.")
        return
    question = _outline(opened, targets, (worth.value or 0.0) / 100)
    jobs.follow("plan-outline", lambda: None, lambda: not question.finished or scanning.seconds(opened) is None)
    if question.error:
        st.error(literal(question.error), icon=":material/error:")
    elif not question.finished:
        st.caption("Counting …")
    else:
        _offer(opened, question.answer, targets, numbers)


def _targets(opened: "Opened") -> dict[str, Number]:
    """Draw a box for each target."""
    mode, metric = session().mode, opened.task.metric
    boxes: dict[str, Number] = {}
    with st.grid(2, min_column_width=150):
        for name, label in RESOURCE_LABELS[mode].items():
            boxes[name] = number_box(
                label,
                1.0,
                100.0,
                None,  # a box that begins with a number cannot be emptied
                step=5.0,
                format="%g",
                key=f"plan-{mode.value}-{name}",
                persist_state="session",
                placeholder="any, such as 50",
            )
        boxes[metric] = number_box(
            f"{literal(titled(metric))} lost at most, points",
            0.0,
            100.0,
            None,
            step=0.5,
            format="%g",
            key="plan-lost",
            persist_state="session",
            placeholder="any",
        )
    return boxes


def _filled(opened: "Opened", boxes: Mapping[str, Number]) -> dict[str, float]:
    """Return the targets of the boxes that are filled, in the form that ``verbs.plan`` takes."""
    metric = opened.task.metric
    return {
        name: -number.value if name == metric else number.value / 100
        for name, number in boxes.items()
        if number.value is not None
    }


def _outline(opened: "Opened", targets: dict[str, float], worth: float) -> Question:
    """Ask which targets a plan from the desk would have, and how much it would measure."""
    mode, recipe, pinned = session().mode, desk_recipe(opened), moves.pins(opened)

    def work() -> "list[Outline]":
        from prunekit import verbs

        return [verbs.outline(opened, targets, mode, recipe, pinned, worth)]

    return jobs.ask("outline", (opened.key, tuple(targets.items()), mode, recipe, pinned, worth), work)


def _offer(opened: "Opened", outline: Outline, targets: dict[str, float], numbers: Sequence[Number]) -> None:
    """Say what a plan will cost, and start it on request."""
    remaining = outline.points - outline.known
    scan = f"{remaining} points of the scan" if remaining else "none for the scan, which is stored"
    if 0 < remaining < outline.points:
        scan += f" ({outline.known} are stored)"
    pace = scanning.seconds(opened)
    # A trial is one pass over a few train samples, about half of what a point of a scan is.
    time = "" if pace is None else f" About {duration(pace * (remaining + outline.trials / 2 + outline.candidates))}."
    st.caption(
        f":material/timer: Measures at most {outline.networks} networks: {scan}, up to {outline.trials} while the plan "
        f"is improved, and {outline.candidates} candidates on all validation samples.{time}"
    )
    if outline.pinned:
        st.caption(f":material/keep: Pinned and left alone: {literal(listed(outline.pinned))}.")
    if outline.spared:
        st.caption(f":material/savings: Not worth pruning, so whole: {literal(listed(outline.spared))}.")
    st.button(
        "Plan",
        icon=":material/play_arrow:",
        key="plan-start",
        on_click=_start,
        args=(opened, outline, targets, numbers),
        disabled=jobs.running(owner(opened)),
    )


def _start(opened: "Opened", outline: Outline, targets: dict[str, float], numbers: Sequence[Number]) -> None:
    if not still_stand(*numbers):
        return
    from prunekit import verbs

    mode, recipe, pinned = outline.mode, desk_recipe(opened), outline.pinned
    jobs.start(
        owner(opened),
        "Plan",
        lambda: verbs.plan_steps(opened, targets, mode, recipe, pinned, outline.worth),
        outline.points + outline.trials + outline.candidates + 2,
    )
    st.toast("How far the plan is, and what it finds, stands below the bars.", icon=":material/flag:")
