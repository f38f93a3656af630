"""The frame around every page: the app's name, the task picker and the links to the pages.

Nothing that loads slowly is imported here, so that the page is drawn before torch is loaded.
"""

from pathlib import Path

import streamlit as st

from prunekit.ui.address import name_of, task_of, unknown
from prunekit.ui.arrival import arrive
from prunekit.ui.gone import gone_note
from prunekit.ui.navigation import navigation
from prunekit.ui.net import net
from prunekit.ui.opening import offered_tasks, opening
from prunekit.ui.state import trial
from prunekit.ui.state.session import session
from prunekit.ui.state.titles import task_title
from prunekit.ui.widgets.text import literal

st.set_page_config(page_title="PruneKit", page_icon="🎚️", layout="wide", initial_sidebar_state=220)
# The desk needs the width of a small screen; Streamlit has no setting for what it leaves free on either side.
st.html("<style>[data-testid=stMainBlockContainer] { padding-inline: clamp(0.75rem, 2vw, 3rem); }</style>")
st.logo(Path(__file__).with_name("logo.svg"), size="large")

tasks = offered_tasks()
now = session(tasks[0])

page = navigation()
with st.sidebar:
    named = st.query_params.get("task", name_of(tasks[0]))
    linked = task_of(named, tasks)
    index = tasks.index(linked) if linked else 0
    chosen = st.selectbox("Task", tasks, index, format_func=task_title, key="task")
    gone_note(tasks[0])
is_unknown = linked is None and chosen == tasks[0]  # it stays in the address until a task is picked
if named != name_of(chosen) and not is_unknown:
    st.query_params["task"] = name_of(chosen)  # so that a reload and a copied address open the same task
if chosen != (linked or tasks[0]):
    st.query_params.pop("run", None)
if chosen != now.task:
    now.clear_desk()
    now.task = chosen
if not now.has_arrived:  # from then on the address follows the desk
    now.has_arrived, now.linked = True, st.query_params.get("run", now.linked)

with net():
    arrive(page.url_path)
    if is_unknown:
        st.warning(literal(unknown(named, tasks)), icon=":material/link_off:")
    trial.take()
    opening()  # in the worker's thread, so that torch loads while the page is drawn
    page.run()
