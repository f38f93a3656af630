"""What a person should know of the desk's reading, below the bars."""

from typing import TYPE_CHECKING

import streamlit as st

from prunekit.ui.navigation import link
from prunekit.ui.state import jobs, reading
from prunekit.ui.widgets.summary import standing
from prunekit.ui.widgets.text import literal

if TYPE_CHECKING:
    from prunekit.verbs import Opened

RECALIBRATE = "Recalibrate BatchNorm (in the menu of the criterion)"


def notes(opened: "Opened") -> None:
    """Draw the notes, and the page anew once the reading under way is exact."""
    jobs.follow("notes", lambda: _draw(opened), lambda: not reading.measure(opened).finished)


def _draw(opened: "Opened") -> None:
    question, current = reading.measure(opened), standing(opened)
    if question.error:
        st.error(literal(question.error), icon=":material/error:")
    if current.collapsed:
        advice = "Fine-tune it" if reading.desk_recipe(opened).recalibrate else f"{RECALIBRATE}, or fine-tune"
        st.warning(
            f"Collapsed: the {literal(opened.task.metric)} is near chance. {advice}.", icon=":material/trending_down:"
        )
        link("recover", "Fine-tune on the Recover page")
    for note in question.answer.notes if question.answer and current.fresh else ():
        st.caption(f":material/info: {literal(note)}")
