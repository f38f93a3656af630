"""The frame around every page: its name, the task picker and the way from page to page.

Nothing heavy is imported here: the first picture is there before torch is.
"""

import streamlit as st

from prunekit.ui.navigation import navigation
from prunekit.ui.opening import offered_tasks, opening, task_title
from prunekit.ui.session import session

st.set_page_config(page_title="PruneKit", page_icon="🎚️", layout="wide")
st.logo(":material/graphic_eq:", size="large")

tasks = offered_tasks()
now = session(tasks[0])

page = navigation()
with st.sidebar:
    chosen = st.selectbox("Task", tasks, format_func=task_title, key="task", bind="query-params")
if chosen != now.task:
    now.clear_desk()
    now.task = chosen

opening()  # in the worker's thread, so that torch warms up while the page paints
page.run()
