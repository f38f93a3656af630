import streamlit as st

from prunekit.ui import moves, reading
from prunekit.ui.hints import hint
from prunekit.ui.jobs import pursue
from prunekit.ui.navigation import link
from prunekit.ui.opening import opened_task
from prunekit.ui.session import session
from prunekit.ui.text import literal

opened = opened_task("Tune")

# These bring torch, so they come after the title is painted.
from prunekit import verbs  # noqa: E402
from prunekit.ui import live  # noqa: E402
from prunekit.ui.layer_view import layer_view  # noqa: E402
from prunekit.ui.layers_table import layers_table  # noqa: E402
from prunekit.ui.strip import strip  # noqa: E402
from prunekit.ui.summary import standing  # noqa: E402
from prunekit.ui.table import table  # noqa: E402
from prunekit.ui.toolbar import toolbar  # noqa: E402

now = session()


def draw_desk() -> None:
    """Take what the hand has done, wait a moment for its answer, draw bars and readings.

    The bars stand first: readings change their height, and bars must not move under a hand.
    """
    base = reading.base_recipe(opened)
    now.recipe = live.take(opened, reading.desk_recipe(opened), now.mode, base)
    asked = reading.measure(opened)
    live.await_answer(opened, asked.ticket, now.recipe)
    with st.container(border=True):
        live.draw(
            opened,
            now.recipe,
            now.mode,
            base,
            verbs.stored_points(opened, now.mode, criterion=now.recipe.criterion),
            live.reply_of(asked.answer, standing(opened).status),
            lambda command: moves.COMMANDS[command](opened),
        )
    draw_readings()


def draw_readings() -> None:
    """Draw the strip, and what a person should know of the reading."""
    found, asked = standing(opened), reading.measure(opened)
    strip(found)
    if asked.error:
        st.error(literal(asked.error), icon=":material/error:")
    if found.collapsed(len(opened.task.data.classes)):
        st.warning(
            "Collapsed: the accuracy is near chance. Recalibrate BatchNorm (in the criterion's menu) or fine-tune.",
            icon=":material/trending_down:",
        )
        link("recover", "Fine-tune on the Recover page")
    for note in asked.answer.notes if asked.answer and found.fresh else ():
        st.caption(f":material/info: {literal(note)}")


def pending() -> bool:
    """Whether the worker owes this page an answer."""
    return moves.preset_pending() or not reading.measure(opened).finished


def settled() -> bool:
    """Whether the hand has let go, so that the charts may follow."""
    return now.hand.is_final


if refusal := moves.take_preset():
    st.error(literal(refusal), icon=":material/error:")
toolbar(opened)
hint(now.mode.value)
pursue("desk", draw_desk, pending, settled)

asked = reading.measure(opened)
if asked.previous is None and not asked.finished:
    st.skeleton(height=360)  # charts wait for the first reading: what draws them takes a second to import
else:
    st.subheader("What does the cut take?", anchor=False)
    layer_view(opened, with_row=True)
    with st.container(border=True):
        st.subheader("What is left of every layer?", anchor=False)
        table(
            layers_table(opened),
            "layers",
            "Parameters and MACs of every layer before the cut and now",
            {
                "sparsity": st.column_config.NumberColumn(format="percent"),
                "parameters left": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            },
        )
