import streamlit as st

from prunekit.ui import reading
from prunekit.ui.arrival import top_first
from prunekit.ui.hints import hint
from prunekit.ui.jobs import follow
from prunekit.ui.opening import opened_task, title_row

row = title_row()
opened = opened_task("Weights", row)

# These bring torch or plotly, so they come after the title is painted.
from prunekit.ui.activity import activity  # noqa: E402
from prunekit.ui.closer import closer  # noqa: E402
from prunekit.ui.layer_view import layer_view  # noqa: E402
from prunekit.ui.overview import overview  # noqa: E402
from prunekit.ui.summary import summary  # noqa: E402
from prunekit.ui.undo import history_buttons  # noqa: E402

with row:
    history_buttons(opened)
hint("weights page")
follow("readings", lambda: summary(opened), lambda: not reading.measure(opened).finished)
overview(opened)
top_first()
st.subheader("What is in one layer, and what does the cut take?", anchor=False)
layer_view(opened, with_row=True, in_depth=True)
closer(opened)
st.subheader("What reaches the next layer?", anchor=False)
activity(opened)
