import streamlit as st

from prunekit.ui.arrival import top_first
from prunekit.ui.opening import opened_task, title_row
from prunekit.ui.state import moves
from prunekit.ui.state.jobs import follow
from prunekit.ui.state.restoring import refusal
from prunekit.ui.state.session import session
from prunekit.ui.widgets.hints import hint
from prunekit.ui.widgets.text import literal

row = title_row()
opened = opened_task("Tune", row)

# These bring torch, so they come after the title is painted.
from prunekit.ui.equalizer import live  # noqa: E402
from prunekit.ui.state import leaving, reading, unit_order  # noqa: E402
from prunekit.ui.state.repaired import repaired  # noqa: E402
from prunekit.ui.tune.candidates import candidates  # noqa: E402
from prunekit.ui.tune.first_picture import first_picture  # noqa: E402
from prunekit.ui.tune.layers_table import layers_table  # noqa: E402
from prunekit.ui.tune.notes import notes  # noqa: E402
from prunekit.ui.tune.recipes import recipe_menu  # noqa: E402
from prunekit.ui.tune.toolbar import toolbar  # noqa: E402
from prunekit.ui.tune.welcome import welcome  # noqa: E402
from prunekit.ui.weights.layer_view import layer_view  # noqa: E402
from prunekit.ui.widgets.table import table  # noqa: E402
from prunekit.ui.widgets.undo import history_buttons  # noqa: E402

with st.container():  # one place, however much it holds: what stands below must not move under a hand
    moves.take_preset(opened)
    if reason := refusal(opened):
        st.error(literal(reason), icon=":material/error:")
    with row:
        toolbar(opened)
        recipe_menu(opened)
        history_buttons(opened)
    welcome(opened)
    follow("preset", lambda: None, moves.preset_pending)
    if moves.preset_found():
        st.rerun()  # it was worked out while the lines above ran, where nobody looks for it any more
is_told = live.draw(opened, lambda command: moves.command(opened, command))
top_first()
with st.container():
    hint(session().mode.value)
    notes(opened)
    if not is_told and reading.measure(opened).finished:
        st.rerun()  # it ended while the page ran, where nobody looks for it any more
    candidates(opened)
    first_picture(opened)
    follow("units", lambda: None, lambda: leaving.pending(opened) or unit_order.pending(opened))
    follow("repaired", lambda: None, lambda: not repaired(opened).finished)

question = reading.measure(opened)
if question.previous is None and not question.finished:
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
