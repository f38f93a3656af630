"""The desk's four main numbers, for the pages that work with its network."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.records import Evaluation
from prunekit.ui.state import reading
from prunekit.ui.state.session import Session
from prunekit.ui.state.standing import Standing
from prunekit.ui.widgets.badges import BADGES, delta_color
from prunekit.ui.widgets.text import change, count, literal, percent, points, size, titled

if TYPE_CHECKING:
    from prunekit.verbs import Opened


def standing(opened: "Opened", now: Session | None = None) -> Standing:
    """Collect what is known of a tab's desk."""
    from prunekit import verbs
    from prunekit.verbs.reading import NOT_YET

    recipe, question = reading.desk_recipe(opened, now), reading.measure(opened, now)
    evaluation: Evaluation | None = question.answer
    return Standing(
        recipe=recipe.digest,
        samples=len(opened.task.data.validation),
        cost=verbs.cost(opened, recipe),
        dense=opened.structure.cost({}),
        evaluation=evaluation,
        reference=reading.dense(opened),
        metric=opened.task.metric,
        higher_is_better=opened.metric.higher_is_better,
        chance=opened.metric.chance and opened.metric.chance(len(opened.task.data.classes)),
        refused=question.error or "",
        proven=evaluation is None or NOT_YET not in evaluation.notes,
    )


def exact(opened: "Opened") -> Evaluation | None:
    """Return the desk's exact evaluation; ``None`` until it is measured, and where it was refused."""
    question = reading.measure(opened)
    evaluation: Evaluation | None = question.answer
    return evaluation if question.finished else None


def summary(opened: "Opened") -> None:
    """Draw the desk's four main numbers."""
    current = standing(opened)
    cost, dense, measured = current.cost, current.dense, current.evaluation
    before = current.reference.reading.value if current.reference else None
    badges = BADGES[current.status] + ("" if current.proven else f" {BADGES['unproven']}")
    if current.refused:
        st.error(literal(current.refused), icon=":material/error:")
    drop = points(measured.reading.value, before) if measured and before is not None else None
    with st.grid(4, min_column_width=150):
        st.metric(
            f"{literal(titled(current.metric))} {badges}",
            percent(measured.reading.value) if measured else "…",
            drop,
            delta_color=delta_color(drop, current.higher_is_better),
            border=True,
            height="stretch",
        )
        for label, value, delta in (
            ("Parameters", count(cost.params), change(cost.params, dense.params)),
            ("MACs", count(cost.macs), change(cost.macs, dense.macs)),
            ("Bytes", size(cost.bytes), change(cost.bytes, dense.bytes)),
        ):
            st.metric(label, value, delta, delta_color=delta_color(delta), border=True, height="stretch")
