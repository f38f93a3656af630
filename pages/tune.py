import streamlit as st
from prunekit.ui.opening import opened_task

opened = opened_task("Tune")
from prunekit import verbs
from prunekit.ui import reading
from prunekit.ui.desk import desk
from prunekit.ui.jobs import follow
from prunekit.ui.session import session
from prunekit.ui.strip import Standing, strip

now = session()
readings = st.container()
recipe = desk(opened.structure, reading.desk_recipe(opened), now.mode)
if recipe != now.recipe:
    now.recipe = recipe


def draw_readings() -> None:
    recipe = reading.desk_recipe(opened)
    strip(
        Standing(
            recipe.digest,
            len(opened.task.data.validation),
            verbs.cost(opened, recipe),
            opened.structure.cost({}),
            reading.answer(opened),
            reading.dense(opened),
        )
    )


with readings:
    follow("readings", draw_readings, lambda: not reading.measure(opened).finished)
