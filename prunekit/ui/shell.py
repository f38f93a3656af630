"""The frame around every page: the app's name, the task picker and the links to the pages.

Nothing that loads slowly is imported here, so that the page is drawn before torch is loaded.
"""

from pathlib import Path

import streamlit as st

from prunekit.ui.arrival import arrive
from prunekit.ui.navigation import navigation
from prunekit.ui.net import net
from prunekit.ui.opening import offered_tasks, opening, task_title
from prunekit.ui.state import trial
from prunekit.ui.state.session import session

st.set_page_config(page_title="PruneKit", page_icon="🎚️", layout="wide", initial_sidebar_state=220)
# The desk needs the width of a small screen; Streamlit has no setting for what it leaves free on either side.
st.html("<style>[data-testid=stMainBlockContainer] { padding-inline: clamp(0.75rem, 2vw, 3rem); }</style>")
st.logo(Path(__file__).with_name("logo.svg"), size="large")

tasks = offered_tasks()
now = session(tasks[0])

page = navigation()
with st.sidebar:
    linked = st.query_params.get("task")
    index = tasks.index(linked) if linked in tasks else 0
    chosen = st.selectbox("Task", tasks, index, format_func=task_title, key="task")
if st.query_params.get("task", tasks[0]) != chosen:
    st.query_params["task"] = chosen  # so that a reload and a copied address open the same task
    st.query_params.pop("run", None)
if chosen != now.task:
    now.clear_desk()
    now.task = chosen
now.linked = st.query_params.get("run", now.linked)

with net():
    arrive(page.url_path)
    trial.take()
    opening()  # in the worker's thread, so that torch loads while the page is drawn
    page.run()
