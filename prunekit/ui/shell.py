"""The frame around every page: its name, the task picker and the way from page to page.

Nothing heavy is imported here: the first picture is there before torch is.
"""

from pathlib import Path

import streamlit as st

from prunekit.ui.opening import offered_tasks, opening, task_title
from prunekit.ui.session import session

PAGES = Path(__file__).resolve().parents[2] / "pages"

st.set_page_config(page_title="PruneKit", page_icon="🎚️", layout="wide")
st.logo(":material/graphic_eq:", size="large")

tasks = offered_tasks()
now = session(tasks[0])

page = st.navigation(
    {
        "Prune": [
            st.Page(PAGES / "tune.py", title="Tune", icon=":material/tune:", default=True),
            st.Page(PAGES / "sensitivity.py", title="Sensitivity", icon=":material/monitor_heart:"),
            st.Page(PAGES / "recover.py", title="Recover", icon=":material/healing:"),
            st.Page(PAGES / "export.py", title="Export", icon=":material/download:"),
        ],
        "Look inside": [
            st.Page(PAGES / "weights.py", title="Weights", icon=":material/bar_chart:"),
            st.Page(PAGES / "open.py", title="Open", icon=":material/folder_open:"),
        ],
    }
)
with st.sidebar:
    chosen = st.selectbox("Task", tasks, format_func=task_title, key="task", bind="query-params")
if chosen != now.task:
    now.clear_desk()
    now.task = chosen

opening()  # in the worker's thread, so that torch warms up while the page paints
page.run()
