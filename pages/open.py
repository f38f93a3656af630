import streamlit as st

from prunekit.errors import listed
from prunekit.ui.arrival import top_first
from prunekit.ui.open.card import article_card, own_network, task_card
from prunekit.ui.open.checkpoint import checkpoint_upload
from prunekit.ui.open.proving import cuttable
from prunekit.ui.opening import opened_task
from prunekit.ui.state.reading import desk_recipe
from prunekit.ui.widgets.table import table
from prunekit.ui.widgets.text import literal

opened = opened_task("Open")

from prunekit.figures import structure as figures  # noqa: E402 - brings plotly, so after the title is painted
from prunekit.ui.widgets.chart import chart  # noqa: E402

SHARES = {"params": "Parameters", "macs": "MACs"}
COLOURS = {"macs": "Share of MACs", "sparsity": "Sparsity on the desk"}
structure = opened.structure

with st.container(border=True):
    task_card(opened)
    if opened.task.name == "article":
        with st.expander("What the article prints", icon=":material/article:", expanded=True):
            article_card()
checkpoint_upload(opened)
own_network()

if structure.unknown_ops:
    st.warning(
        f"No rule for {literal(listed(structure.unknown_ops, 8))}: the channels these operations touch are protected.",
        icon=":material/help:",
    )

st.subheader("What is in it?", anchor=False)
table(figures.layers_table(structure.layers), "network", "Every layer with its shape, counts, group and protection")
top_first()
tied = [group for group in structure.groups if group.linked and len(group.layers) > 1]
for group in tied:
    st.caption(f":material/link: {literal(listed(group.layers, 8))} move together: {literal(group.linked)}.")

cuttable(opened)

st.subheader("Where does its weight lie?", anchor=False)
what = st.segmented_control(
    "Area by", list(SHARES), default="params", required=True, format_func=SHARES.__getitem__, key="treemap-by"
)
rows = figures.layers_table(structure.layers)
chart(figures.treemap(structure.layers, what or "params"), rows, "treemap", f"Treemap: {SHARES[what or 'params']}")

by = st.segmented_control(
    "Colour by", list(COLOURS), default="macs", required=True, format_func=COLOURS.__getitem__, key="diagram-by"
)
sparsity = dict(desk_recipe(opened).channels) if by == "sparsity" else None
diagram = figures.diagram(structure.layers, structure.groups, structure.links, structure.blocks, sparsity)
links = [{"from": start, "to": end} for start, end in structure.links]
chart(diagram, links, "diagram", "Network diagram: layers in order, what feeds what, and what is cut together")
