import streamlit as st

from prunekit.ui.arrival import top_first
from prunekit.ui.opening import opened_task, title_row
from prunekit.ui.state import reading
from prunekit.ui.state.jobs import follow
from prunekit.ui.widgets.hints import hint

row = title_row()
opened = opened_task("Weights", row)

# These bring torch or plotly, so they come after the title is painted.
from prunekit.ui.weights.activity import activity  # noqa: E402
from prunekit.ui.weights.closer import closer  # noqa: E402
from prunekit.ui.weights.layer_view import layer_view  # noqa: E402
from prunekit.ui.weights.overview import overview  # noqa: E402
from prunekit.ui.widgets.summary import summary  # noqa: E402
from prunekit.ui.widgets.undo import history_buttons  # noqa: E402

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
